"""From paths to motions: when the robot is where, within its limits of velocity, acceleration and jerk."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError

EASE = 0.4
"""Duration in which a demonstration is brought up to speed and to rest [s]."""


class Motion(NamedTuple):
    """Samples of a motion at a fixed rate; the first is at time 0."""

    q: FloatArray
    """(M, 7) [rad]"""
    velocity: FloatArray
    """(M, 7) [rad/s]"""


class Excess(NamedTuple):
    """How much of the limits a motion uses, 1 is all."""

    velocity: float
    acceleration: float
    jerk: float

    @property
    def stretch(self) -> float:
        """By how much a motion has to be slowed down to keep within the limits; below 1 there is room."""
        return max(self.velocity, self.acceleration**0.5, self.jerk ** (1 / 3))


def minimum_jerk(s: FloatArray) -> FloatArray:
    """Rest-to-rest profile on [0, 1] and its first three derivatives, (4, N): 10 s^3 - 15 s^4 + 6 s^5."""
    return np.stack(
        [
            s**3 * (10 + s * (6 * s - 15)),
            30 * s**2 * (1 - s) ** 2,
            60 * s * (1 - s) * (1 - 2 * s),
            60 - 360 * s + 360 * s**2,
        ]
    )


def used(robot: Robot, q: FloatArray, velocity: FloatArray, acceleration: FloatArray, jerk: FloatArray) -> Excess:
    """The largest fraction of each limit used by samples (N, 7) of positions and their derivatives."""
    low, high = robot.limits.velocity_bounds(q)
    bound = np.where(velocity < 0, -low, high)
    return Excess(
        float((np.abs(velocity) / np.maximum(bound, 1e-6)).max()),
        float((np.abs(acceleration) / robot.limits.acceleration).max()),
        float((np.abs(jerk) / robot.limits.jerk).max()),
    )


def rest_to_rest(path: FloatArray, robot: Robot, fraction: float, period: float) -> Motion:
    """Moves along a smooth path from rest to rest, as fast as a fraction of the limits allows.

    Args:
        path: (N, 7) postures at even steps of a smooth path; two for a straight one.
        robot: Gives the limits.
        fraction: Used part of the limits.
        period: Between samples [s].
    """
    curve = CubicSpline(np.linspace(0, 1, len(path)), path) if len(path) > 2 else CubicSpline([0, 1], path)
    s, ds, dds, ddds = (v[:, None] for v in minimum_jerk(np.linspace(0, 1, 201)))
    at = s[:, 0]
    c1, c2, c3 = curve(at, 1), curve(at, 2), curve(at, 3)
    velocity = c1 * ds
    acceleration = c2 * ds**2 + c1 * dds
    jerk = c3 * ds**3 + 3 * c2 * ds * dds + c1 * ddds
    duration = used(robot, curve(at), velocity, acceleration, jerk)
    seconds = Excess(*(part / fraction for part in duration)).stretch
    count = max(int(np.ceil(seconds / period)), 1)
    s, ds = minimum_jerk(np.arange(count + 1) / count)[:2]
    return Motion(curve(s), curve(s, 1) * ds[:, None] / (count * period))


def hold(q: FloatArray, seconds: float, period: float) -> Motion:
    """Stands still at a posture (7,) for some time."""
    count = max(round(seconds / period), 1)
    return Motion(np.repeat(q[None], count + 1, axis=0), np.zeros((count + 1, 7)))


def joined(motions: list[Motion]) -> Motion:
    """Motions one after the other; each begins where the one before ends."""
    q = np.concatenate([motions[0].q[:1]] + [motion.q[1:] for motion in motions])
    velocity = np.concatenate([motions[0].velocity[:1]] + [motion.velocity[1:] for motion in motions])
    return Motion(q, velocity)


class Pace(NamedTuple):
    """The time of the demonstration as a function of the robot's time: eased at both ends, slower where needed."""

    length: float
    """Duration of the demonstration [s]."""
    slowdown: float
    """Robot seconds per demonstration second between the ends."""

    @property
    def duration(self) -> float:
        """Of the robot's motion [s]."""
        return self.length * self.slowdown + self.ease

    @property
    def ease(self) -> float:
        """Duration of each of the two ends [s]."""
        return min(EASE, self.length * self.slowdown)

    def at(self, time: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Time of the demonstration [s] and its first three derivatives at times (N,) of the robot [s]."""
        rate = 1 / self.slowdown
        out = np.zeros((4, len(time)))
        ends = (time, self.duration - time)
        middle = (time >= self.ease) & (ends[1] >= self.ease)
        out[0, middle], out[1, middle] = rate * (time[middle] - self.ease / 2), rate
        for sign, since in zip((1, -1), ends, strict=True):
            part = ~middle & (since < self.ease)
            x = np.clip(since[part] / self.ease, 0, 1)
            shape, slope, bend, _ = minimum_jerk(x)
            area = x**4 * (2.5 + x * (x - 3))
            out[0, part] = rate * self.ease * area if sign > 0 else self.length - rate * self.ease * area
            out[1, part], out[2, part] = rate * shape, sign * rate * slope / self.ease
            out[3, part] = rate * bend / self.ease**2
        return out[0], out[1], out[2], out[3]

    def due(self, time: FloatArray) -> FloatArray:
        """Times of the robot (F,) [s] at which times (F,) of the demonstration [s] are reached."""
        grid = np.linspace(0, self.duration, max(int(self.duration * 1000), 2))
        return np.interp(time, self.at(grid)[0], grid)


def find_pace(time: FloatArray, q: FloatArray, robot: Robot, fraction: float) -> Pace:
    """The fastest pace, not faster than the demonstration, that keeps within the limits.

    Args:
        time: (F,) of the demonstration [s].
        q: (F, 7) postures at these times [rad].
        robot: Gives the limits.
        fraction: Used part of the limits.
    """
    curve = CubicSpline(time, q)
    pace = Pace(float(time[-1] - time[0]), 1.0)
    for _ in range(20):
        stretch = Excess(*(part / fraction for part in _paced_use(curve, pace, robot))).stretch
        if stretch <= 1.0:
            return pace
        pace = pace._replace(slowdown=pace.slowdown * (1.01 * stretch))
    return pace


def paced(time: FloatArray, q: FloatArray, pace: Pace, period: float) -> Motion:
    """Follows postures (F, 7) at times (F,) of the demonstration at a pace, from rest to rest."""
    curve = CubicSpline(time, q)
    count = int(np.ceil(pace.duration / period))
    at, rate, _, _ = pace.at(np.minimum(np.arange(count + 1) * period, pace.duration))
    return Motion(curve(at), curve(at, 1) * rate[:, None])


def _paced_use(curve: Callable[..., FloatArray], pace: Pace, robot: Robot) -> Excess:
    at, d1, d2, d3 = (part for part in pace.at(np.linspace(0, pace.duration, max(int(pace.duration * 200), 10))))
    c1, c2, c3 = curve(at, 1), curve(at, 2), curve(at, 3)
    d1, d2, d3 = d1[:, None], d2[:, None], d3[:, None]
    velocity = c1 * d1
    acceleration = c2 * d1**2 + c1 * d2
    jerk = c3 * d1**3 + 3 * c2 * d1 * d2 + c1 * d3
    return used(robot, curve(at), velocity, acceleration, jerk)


def check_limits(robot: Robot, motion: Motion, period: float, margin: float, fraction: float) -> Excess:
    """Refuses a motion that leaves the limits of the robot.

    Accelerations and jerks are those between samples, as a controller sees them.

    Args:
        robot: Gives the limits.
        motion: Samples at a fixed rate.
        period: Between samples [s].
        margin: Distance to be kept from the joints' stops [rad].
        fraction: Part of the limits of velocity, acceleration and jerk that may be used.

    Returns:
        How much of the limits it uses.

    Raises:
        PlanningError: Naming the joint, the time, the quantity and its limit.
    """
    q, velocity = motion
    acceleration = np.diff(velocity, axis=0) / period
    jerk = np.diff(acceleration, axis=0) / period
    limits = robot.limits
    room = np.minimum(q - limits.lower, limits.upper - q) - margin
    low, high = limits.velocity_bounds(q)
    checks = (
        ("position", "rad", room < -1e-9, q),
        ("velocity", "rad/s", (velocity > fraction * high) | (velocity < fraction * low), velocity),
        ("acceleration", "rad/s^2", np.abs(acceleration) > fraction * limits.acceleration, acceleration),
        ("jerk", "rad/s^3", np.abs(jerk) > fraction * limits.jerk, jerk),
        ("number", "", ~np.isfinite(q) | ~np.isfinite(velocity), q),
    )
    for what, unit, broken, value in checks:
        if broken.any():
            sample, joint = (int(i) for i in np.argwhere(broken)[0])
            raise PlanningError(
                f"The motion exceeds {100 * fraction:.0f} % of the {what} limit of {robot.joint_names[joint]} at "
                f"{sample * period:.2f} s ({value[sample, joint]:.3g} {unit}): lower limit_fraction or cutoff."
            )
    n = len(jerk)
    return used(robot, q[:n], velocity[:n], acceleration[:n], jerk)
