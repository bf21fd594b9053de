"""A trajectory sampled as `joint_trajectory_controller` samples it.

Between two points that have accelerations the motion is a quintic polynomial, with velocities a cubic one, else a
straight line. The way to the first point starts from the state before the trajectory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from franka_imitation.controller.goal import GoalPoint
from rhov_core.arrays import FloatArray


class Sample(NamedTuple):
    """Where a trajectory is at one time."""

    positions: FloatArray
    """(J,) [rad]."""
    velocities: FloatArray
    """(J,) [rad/s]."""
    accelerations: FloatArray
    """(J,) [rad/s^2]."""


class Spline:
    """Points joined by polynomials.

    Args:
        points: At least one, with increasing times, all with the same joints.
        before: The state at `time_before`, from which the way to the first point starts; None: the motion is
            undefined before the first point, and the first point is returned there.
        time_before: In the time of the points [s]; at most 0.
    """

    def __init__(self, points: Sequence[GoalPoint], before: Sample | None = None, time_before: float = 0.0) -> None:
        self._last = points[-1]
        if before is not None and time_before < points[0].time:
            points = (GoalPoint(time_before, before.positions, before.velocities, before.accelerations), *points)
        self._times = [point.time for point in points]
        self._coefficients = [_polynomial(a, b) for a, b in pairwise(points)]
        self._first = points[0]

    @property
    def end(self) -> float:
        """Time of the last point [s]."""
        return self._last.time

    def sample(self, time: float) -> Sample:
        """The motion at a time [s]; after the last point it stays there, at rest."""
        if time >= self.end:
            return _at_rest(self._last.positions)
        index = bisect_right(self._times, time) - 1
        if index < 0:
            return _at_rest(self._first.positions)
        s = time - self._times[index]
        c = self._coefficients[index]  # (order + 1, J), constant term first
        powers = s ** np.arange(len(c))
        k = np.arange(len(c))
        velocity = (k[1:] * powers[:-1]) @ c[1:]
        acceleration = (k[2:] * k[1:-1] * powers[:-2]) @ c[2:] if len(c) > 2 else np.zeros(c.shape[1])
        return Sample(powers @ c, velocity, acceleration)


def _at_rest(positions: FloatArray) -> Sample:
    return Sample(positions, np.zeros(len(positions)), np.zeros(len(positions)))


def _polynomial(a: GoalPoint, b: GoalPoint) -> FloatArray:
    """Coefficients (order + 1, J) of the polynomial from a to b in the time since a."""
    T, p, d = b.time - a.time, a.positions, b.positions - a.positions
    if not (len(a.velocities) and len(b.velocities)):
        return np.stack([p, d / T])
    v, w = a.velocities, b.velocities
    if not (len(a.accelerations) and len(b.accelerations)):
        return np.stack([p, v, (3 * d - (2 * v + w) * T) / T**2, (-2 * d + (v + w) * T) / T**3])
    x, y = a.accelerations, b.accelerations
    c3 = (20 * d - (12 * v + 8 * w) * T - (3 * x - y) * T**2) / (2 * T**3)
    c4 = (-30 * d + (16 * v + 14 * w) * T + (3 * x - 2 * y) * T**2) / (2 * T**4)
    c5 = (12 * d - 6 * (v + w) * T - (x - y) * T**2) / (2 * T**5)
    return np.stack([p, v, x / 2, c3, c4, c5])
