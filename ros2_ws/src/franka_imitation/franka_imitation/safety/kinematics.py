"""Limits of position, velocity, acceleration and jerk over a whole motion, by finite differences at its points."""

from __future__ import annotations

import numpy as np

from franka_imitation.robot import JointLimits
from franka_imitation.safety.motion import JointMotion
from franka_imitation.safety.refusal import Refusal
from rhov_core.arrays import FloatArray


def position_margins(motion: JointMotion, limits: JointLimits, margin: float) -> FloatArray:
    """Distances (N, 7) to the nearer stop less the margin that has to be kept [rad]."""
    q = motion.positions
    return np.minimum(q - limits.lower, limits.upper - q) - margin


def velocity_margins(motion: JointMotion, limits: JointLimits, fraction: float) -> tuple[FloatArray, FloatArray]:
    """Times (M,) and margins (M, 7) [rad/s] of the given velocities and of the differences of the positions."""
    low, high = limits.velocity_bounds(motion.positions)
    given = np.minimum(motion.velocities - fraction * low, fraction * high - motion.velocities)
    if len(motion.times) == 1:
        return motion.times, given
    middle, mean = _differentiate(motion.times, motion.positions)
    low, high = limits.velocity_bounds((motion.positions[1:] + motion.positions[:-1]) / 2)
    between = np.minimum(mean - fraction * low, fraction * high - mean)
    return np.concatenate([motion.times, middle]), np.concatenate([given, between])


def acceleration_margins(motion: JointMotion, limits: JointLimits, fraction: float) -> tuple[FloatArray, FloatArray]:
    """Times (M,) and margins (M, 7) [rad/s^2] of the differences of the velocities, given and from the positions."""
    times, given = _differentiate(motion.times, motion.velocities)
    middle, mean = _differentiate(motion.times, motion.positions)
    inner, second = _differentiate(middle, mean)
    values = np.concatenate([given, second])
    return np.concatenate([times, inner]), fraction * limits.acceleration - np.abs(values)


def jerk_margins(motion: JointMotion, limits: JointLimits, fraction: float) -> tuple[FloatArray, FloatArray]:
    """Times (M,) and margins (M, 7) [rad/s^3] of the third differences of the positions."""
    times, values = motion.times, motion.positions
    for _ in range(3):
        times, values = _differentiate(times, values)
    return times, fraction * limits.jerk - np.abs(values)


def broken_limits(motion: JointMotion, limits: JointLimits, margin: float, fraction: float) -> list[Refusal]:
    """The limits that a motion exceeds, each at its worst place.

    Args:
        motion: With finite values and increasing times.
        limits: Of the robot.
        margin: Distance to keep from the stops [rad].
        fraction: Of the limits of velocity, acceleration and jerk that may be used.
    """
    q = position_margins(motion, limits, margin)
    found = [_worst("position", "rad", motion.times, q, motion, f"the stop less {margin:g} rad")]
    share = f"{fraction:.0%} of the limit"
    for rule, unit, rule_margins in (
        ("velocity", "rad/s", velocity_margins),
        ("acceleration", "rad/s^2", acceleration_margins),
        ("jerk", "rad/s^3", jerk_margins),
    ):
        times, margins = rule_margins(motion, limits, fraction)
        found.append(_worst(rule, unit, times, margins, motion, share))
    return [refusal for refusal in found if refusal]


def _differentiate(times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean rates (N - 1, 7) between values (N, 7), and the times (N - 1,) in the middle."""
    if len(times) < 2:
        return np.zeros(0), np.zeros((0, values.shape[1]))
    return (times[1:] + times[:-1]) / 2, np.diff(values, axis=0) / np.diff(times)[:, None]


def _worst(
    rule: str, unit: str, times: FloatArray, margins: FloatArray, motion: JointMotion, limit: str
) -> Refusal | None:
    if not margins.size or margins.min() >= 0:
        return None
    i, j = np.unravel_index(int(np.argmin(margins)), margins.shape)
    joint, time, margin = motion.joint_names[j], float(times[i]), float(margins[i, j])
    sentence = f"{joint} at {time:.3f} s: its {rule} exceeds {limit} by {-margin:.4g} {unit}."
    return Refusal(rule, sentence, joint, time, margin)
