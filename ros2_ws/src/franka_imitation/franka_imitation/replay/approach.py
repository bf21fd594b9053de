"""The way from where the robot is to where a plan starts, gently."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from franka_imitation.robot import Robot
from franka_imitation.safety import JointMotion

_RATE = 60.0
_PEAKS = (15 / 8, 10 / np.sqrt(3), 60.0)
"""Peak velocity, acceleration and jerk of the minimum-jerk profile over distance 1 in time 1."""


def soft_start(robot: Robot, start: ArrayLike, end: ArrayLike, shortest: float, fraction: float) -> JointMotion:
    """A straight way of the joints with least jerk, from rest to rest.

    Args:
        robot: Gives the limits.
        start: (7,) where the robot is [rad].
        end: (7,) where it should be [rad].
        shortest: It takes at least this long [s].
        fraction: Of the limits of velocity, acceleration and jerk that may be used.
    """
    q0, way = np.asarray(start, np.float64), np.asarray(end, np.float64) - np.asarray(start, np.float64)
    s = np.linspace(0, 1, 20)[:, None]
    slowest = np.minimum(*np.abs(robot.limits.velocity_bounds(q0 + s * way))).min(axis=0)
    limits = (np.maximum(slowest, 1e-3), robot.limits.acceleration, robot.limits.jerk)
    needed = [
        (peak * np.abs(way) / (fraction * limit)).max() ** (1 / order)
        for order, (peak, limit) in enumerate(zip(_PEAKS, limits, strict=True), start=1)
    ]
    duration = max(shortest, 1.02 * max(needed))
    count = int(np.ceil(duration * _RATE))
    s = np.arange(count + 1)[:, None] / count
    duration = count / _RATE
    positions = q0 + way * s**3 * (10 + s * (6 * s - 15))
    return JointMotion(robot.joint_names, s[:, 0] * duration, positions, way * 30 * s**2 * (1 - s) ** 2 / duration)
