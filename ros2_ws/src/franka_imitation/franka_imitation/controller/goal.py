"""What a client asks of a joint trajectory controller, and the rules by which it is refused.

The rules are those of `joint_trajectory_controller` (ros2_controllers 6.9, `validate_trajectory_msg`), so that what
is accepted here is accepted on a robot. Three of ours are stricter: names must differ, numbers must be finite, and
no point may lie before the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rhov_core.arrays import FloatArray

_NO_VALUES = np.zeros(0)
_FLOAT32_EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class GoalPoint:
    """One point of a trajectory; an empty array stands for a field that was not given."""

    time: float
    """From the start of the trajectory [s]."""
    positions: FloatArray
    """(J,) [rad]."""
    velocities: FloatArray = field(default_factory=lambda: _NO_VALUES)
    """(J,) [rad/s] or empty."""
    accelerations: FloatArray = field(default_factory=lambda: _NO_VALUES)
    """(J,) [rad/s^2] or empty."""
    effort: FloatArray = field(default_factory=lambda: _NO_VALUES)
    """Must be empty: the controller commands positions."""


@dataclass(frozen=True)
class JointTolerance:
    """Allowed deviation of one joint: 0 stands for the controller's default, -1 for no limit."""

    name: str
    position: float = 0.0
    velocity: float = 0.0
    acceleration: float = 0.0


@dataclass(frozen=True)
class TrajectoryGoal:
    """A goal of `control_msgs/action/FollowJointTrajectory`."""

    joint_names: tuple[str, ...]
    points: tuple[GoalPoint, ...]
    stamp: float = 0.0
    """When the trajectory starts, in the controller's time [s]; 0 stands for now."""
    path_tolerance: tuple[JointTolerance, ...] = ()
    goal_tolerance: tuple[JointTolerance, ...] = ()
    goal_time_tolerance: float = 0.0
    """How late the goal may be reached [s]; 0 stands for the controller's default."""

    @property
    def duration(self) -> float:
        """Time of the last point [s]."""
        return self.points[-1].time if self.points else 0.0


def refusal(goal: TrajectoryGoal, joint_names: Sequence[str], now: float) -> str | None:
    """Why a goal is not accepted, in one sentence, or None.

    Args:
        goal: The goal.
        joint_names: The controller's joints; all of them must be given, in any order.
        now: The controller's time [s].
    """
    names = goal.joint_names
    if len(names) != len(joint_names):
        return f"Joints on incoming trajectory don't match the controller joints: {len(names)} of {len(joint_names)}."
    if not goal.points:
        return "Empty trajectory received."
    for name in names:
        if name not in joint_names:
            return f"Incoming joint {name} doesn't match the controller's joints."
    if len(set(names)) != len(names):
        return "The same joint is named twice on incoming trajectory."
    for name, velocity in zip(names, goal.points[-1].velocities, strict=False):
        if abs(velocity) > _FLOAT32_EPSILON:
            return f"Velocity of last trajectory point of joint {name} is not zero: {velocity:.6g} rad/s."
    if goal.stamp != 0.0 and goal.stamp + goal.duration < now:
        end = goal.stamp + goal.duration
        return f"Received trajectory with non-zero start time ({goal.stamp:.3f}) that ends in the past ({end:.3f})."
    return _refusal_of_points(goal)


def _refusal_of_points(goal: TrajectoryGoal) -> str | None:
    previous = 0.0
    for i, point in enumerate(goal.points):
        if not np.isfinite(point.time) or point.time < 0.0:
            return f"Point {i} lies before the start of the trajectory: {point.time:.6g} s."
        if i and point.time <= previous:
            return (
                f"Time between points {i - 1} and {i} is not strictly increasing, "
                f"it is {previous:.6f} and {point.time:.6f} s."
            )
        previous = point.time
        for field_name in ("positions", "velocities", "accelerations"):
            values = getattr(point, field_name)
            if len(values) != len(goal.joint_names) and (len(values) or field_name == "positions"):
                return (
                    f"Mismatch between the number of joints ({len(goal.joint_names)}) and {field_name} "
                    f"({len(values)}) at point {i}."
                )
            if not np.isfinite(values).all():
                joint = goal.joint_names[int(np.argmin(np.isfinite(values)))]
                return f"The {field_name} of joint {joint} at point {i} are not finite."
        if len(point.effort):
            return "Trajectories with effort fields are only supported for controllers of effort."
    return None


def in_joint_order(goal: TrajectoryGoal, joint_names: Sequence[str]) -> tuple[GoalPoint, ...]:
    """The points of an accepted goal with their values in the controller's order of joints."""
    order = [goal.joint_names.index(name) for name in joint_names]

    def sort(values: FloatArray) -> FloatArray:
        return np.asarray(values, np.float64)[order] if len(values) else _NO_VALUES

    return tuple(GoalPoint(p.time, sort(p.positions), sort(p.velocities), sort(p.accelerations)) for p in goal.points)
