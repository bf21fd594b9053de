"""A plan as what a controller can be asked: trajectory goals of the arm and gripper goals, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from franka_imitation.controller.goal import GoalPoint, TrajectoryGoal
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.safety import JointMotion
from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError

_SLOW = 1e-3
"""While the fingers move no joint may be faster than this [rad/s]."""
_STILL = 1e-6
"""Joints that move less than this stand still [rad/s], [rad]."""


@dataclass(frozen=True)
class Move:
    """A motion of the arm from rest to rest."""

    first: int
    """Set-point of the plan at which it starts."""
    last: int
    """Set-point at which it ends."""
    motion: JointMotion
    """With times from 0, at the speed of the plan."""


@dataclass(frozen=True)
class Grip:
    """A motion of the fingers while the arm stands still."""

    at: int
    """Set-point of the plan at which it is commanded."""
    width: float
    """Distance of the fingers [m]."""


def steps_of(plan: MotionPlan) -> list[Move | Grip]:
    """The moves and grips of a plan. The first is the grip that opens the fingers.

    How long fingers take is known only when they have closed; so the plan's waiting for them is left out, and the
    next move is sent when the gripper reports.

    Raises:
        InputError: If the fingers are to move while the arm does.
    """
    changes = np.flatnonzero(np.diff(plan.gripper_width) != 0) + 1
    steps: list[Move | Grip] = [Grip(0, float(plan.gripper_width[0]))]
    start = 0
    for change in (*changes.tolist(), None):
        end = len(plan.time) - 1 if change is None else change
        if end > start and _moves(plan, start, end):
            steps.append(Move(start, end, _motion(plan, start, end)))
        if change is None:
            break
        if np.abs(plan.velocity[change]).max() > _SLOW:
            raise InputError(
                f"the plan moves the fingers at {plan.time[change]:.2f} s while the arm moves",
                "a plan that moves one after the other",
                "plan again",
            )
        steps.append(Grip(change, float(plan.gripper_width[change])))
        start = _last_at_rest(plan, change)
    return steps


def trajectory_goal(motion: JointMotion, **tolerances: float) -> TrajectoryGoal:
    """The goal of a motion; its first point is left out, since the arm is there, and it ends at rest."""
    velocities = motion.velocities.copy()
    velocities[-1] = 0.0
    points = zip(motion.times[1:], motion.positions[1:], velocities[1:], strict=True)
    start = motion.times[0]
    goal_points = tuple(GoalPoint(float(t - start), p, v) for t, p, v in points)
    return TrajectoryGoal(motion.joint_names, goal_points, **tolerances)  # type: ignore[arg-type]


def _motion(plan: MotionPlan, first: int, last: int) -> JointMotion:
    part = slice(first, last + 1)
    times = plan.time[part] - plan.time[first]
    return JointMotion(plan.joint_names, times, plan.q[part], plan.velocity[part])


def _moves(plan: MotionPlan, first: int, last: int) -> bool:
    part = slice(first, last + 1)
    return bool(np.ptp(plan.q[part], axis=0).max() > _STILL)


def _last_at_rest(plan: MotionPlan, index: int) -> int:
    """The last set-point of the standstill that contains one."""
    still = (np.abs(plan.velocity[index:]).max(axis=1) <= _STILL) & (
        np.abs(plan.q[index:] - plan.q[index]).max(axis=1) <= _STILL
    )
    return index + (len(still) if still.all() else int(np.argmin(still))) - 1


class TimeMap:
    """Which time of the plan was which time of the robot's clock.

    A move runs at a fraction of the planned speed from when the controller started it; in between, while the fingers
    moved, time is stretched as it comes.
    """

    def __init__(self) -> None:
        self._plan: list[float] = []
        self._robot: list[float] = []

    def add(self, plan_start: float, plan_end: float, robot_start: float, speed: float) -> None:
        """Adds a move, in order: its times in the plan [s], and when the robot's clock started it [s]."""
        robot_end = robot_start + (plan_end - plan_start) / speed
        if self._plan and plan_start <= self._plan[-1]:
            plan_start += 1e-9
        self._plan += [plan_start, plan_end]
        self._robot += [robot_start, robot_end]

    def join(self, plan_times: Sequence[float], robot_times: Sequence[float]) -> None:
        """Adds a part whose times of the plan and of the robot's clock [s] are known one by one."""
        self._plan += plan_times
        self._robot += robot_times

    def robot_times(self, plan_times: FloatArray) -> FloatArray:
        """Times of the robot's clock [s] for times of the plan [s]; before the first move it runs like the clock."""
        before = np.minimum(plan_times - self._plan[0], 0.0)
        after = np.maximum(plan_times - self._plan[-1], 0.0)
        return np.interp(plan_times, self._plan, self._robot) + before + after
