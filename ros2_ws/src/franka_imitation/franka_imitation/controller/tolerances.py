"""Tolerances of a goal: which deviation on the way and at the end is accepted.

As `joint_trajectory_controller` (tolerances.cpp): in a goal 0 stands for the controller's default, -1 for no limit;
an unknown joint or another negative number makes the controller use its defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from franka_imitation.controller.goal import JointTolerance, TrajectoryGoal
from rhov_core.arrays import FloatArray

NO_LIMIT = 0.0


@dataclass(frozen=True)
class Tolerances:
    """Limits of |desired - measured|; 0 stands for no limit."""

    path: FloatArray
    """(3, J): of position [rad], velocity [rad/s] and acceleration [rad/s^2] on the way."""
    goal: FloatArray
    """(3, J): the same after the last point."""
    goal_time: float
    """How late the goal may be reached [s]; 0 stands for no limit."""


def resolve(goal: TrajectoryGoal, joint_names: Sequence[str], default: Tolerances) -> tuple[Tolerances, str | None]:
    """Tolerances that hold for a goal.

    Returns:
        The tolerances, and a sentence if those of the goal cannot be used and the defaults hold instead.
    """
    try:
        path = _resolved(goal.path_tolerance, joint_names, default.path)
        end = _resolved(goal.goal_tolerance, joint_names, default.goal)
        return Tolerances(path, end, _resolved_value(goal.goal_time_tolerance, default.goal_time)), None
    except ValueError as error:
        return default, f"{error}; the default tolerances are used."


def _resolved(given: Sequence[JointTolerance], joint_names: Sequence[str], default: FloatArray) -> FloatArray:
    out = default.copy()
    for tolerance in given:
        if tolerance.name not in joint_names:
            raise ValueError(f"A tolerance was given for the unknown joint '{tolerance.name}'")
        j = list(joint_names).index(tolerance.name)
        for i, value in enumerate((tolerance.position, tolerance.velocity, tolerance.acceleration)):
            out[i, j] = _resolved_value(value, default[i, j])
    return out


def _resolved_value(given: float, default: float) -> float:
    if given > 0.0:
        return given
    if given == 0.0:
        return float(default)
    if given == -1.0:
        return NO_LIMIT
    raise ValueError(f"The tolerance {given:g} is neither positive nor 0 nor -1")


def worst_violation(error: FloatArray, tolerance: FloatArray) -> int | None:
    """Index of the joint that exceeds its tolerance most, or None.

    Args:
        error: (3, J) desired - measured: position, velocity, acceleration. NaN where it is not measured.
        tolerance: (3, J), 0 where there is no limit.
    """
    limit = np.where(tolerance > NO_LIMIT, tolerance, np.inf)
    excess = np.fmax(np.abs(error) / limit, 0.0).max(axis=0)
    worst = int(np.argmax(excess))
    return worst if excess[worst] > 1.0 else None
