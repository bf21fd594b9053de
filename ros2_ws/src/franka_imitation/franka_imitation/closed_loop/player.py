"""Sends a motion to a workplace step by step and keeps what happened and what was sent."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from franka_imitation.closed_loop.correction import Correction
from franka_imitation.closed_loop.workplace import Workplace
from franka_imitation.timing import Motion
from rhov_core.arrays import FloatArray

_SUBSTEP = 0.002
"""Between the set-points that the servos get [s]."""
_MEMORY = 1.5
"""How long it is known what was sent [s]: longer than a measurement may take to arrive."""


class Sent(NamedTuple):
    """What the robot was asked for at an instant."""

    time: float
    """Of the workplace [s]."""
    at: float
    """Time of the plan [s]."""
    q: FloatArray
    """(7,) with the correction [rad]."""


class Look(NamedTuple):
    """A measurement, and what belongs to it."""

    measured: FloatArray
    """(4, 4) T_table_object."""
    is_new: bool
    """Whether it was not looked at before."""
    sent: Sent | None
    """What the robot was asked for when it was taken; None: not known."""


class Player:
    """The robot's side of a closed loop.

    Args:
        workplace: Robot and camera.
        period: Between recorded instants [s].
    """

    def __init__(self, workplace: Workplace, period: float) -> None:
        self._workplace, self.period = workplace, period
        self.time = 0.0
        self.times: list[float] = []
        self.states: list[FloatArray] = []
        self._sent: deque[Sent] = deque()
        self._stamp = -np.inf
        self._q: FloatArray = workplace.q

    @property
    def q(self) -> FloatArray:
        """(7,) last set-point [rad]."""
        return self._q

    def begin(self) -> None:
        """Another motion begins: measurements from before are taken for those of its start."""
        self._sent.clear()

    def advance(
        self, spline: CubicHermiteSpline, at: float, pace: float, correction: Correction, width: float, force: float
    ) -> float:
        """One period, in which the time of the motion goes on by `pace` times as much; returns that time [s]."""
        substeps = max(1, round(self.period / _SUBSTEP))
        times = np.minimum(at + pace * self.period * (np.arange(substeps) + 1) / substeps, spline.x[-1])
        q, velocity = spline(times), pace * spline(times, 1)
        for s in range(substeps):
            correction.advance(self.period / substeps)
            self._workplace.command(q[s] + correction.value, velocity[s] + correction.velocity, width, force)
            self._workplace.step(self.period / substeps)
        self.time += self.period
        self.times.append(self.time)
        self.states.append(self._workplace.state)
        self._q = q[-1] + correction.value
        self._sent.append(Sent(self.time, float(times[-1]), self._q))
        while self._sent[0].time < self.time - _MEMORY:
            self._sent.popleft()
        return float(times[-1])

    def drive(self, motion: Motion, correction: Correction, width: float, force: float) -> None:
        """Makes a whole motion without feedback."""
        time = np.arange(len(motion.q)) * self.period
        spline, at = CubicHermiteSpline(time, motion.q, motion.velocity), 0.0
        self.begin()
        while at < time[-1] - 1e-9:
            at = self.advance(spline, at, 1.0, correction, width, force)

    def look(self) -> Look:
        """The newest measurement of the object."""
        seen = self._workplace.look()
        is_new, self._stamp = seen.stamp > self._stamp, seen.stamp
        when = self.time - seen.age
        sent = min(self._sent, key=lambda sent: abs(sent.time - when)) if self._sent else None
        return Look(seen.T_table_object, is_new, sent)
