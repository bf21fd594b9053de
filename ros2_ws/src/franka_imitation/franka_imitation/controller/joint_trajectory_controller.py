"""The state machine of a joint trajectory controller: one goal at a time, monitored while it moves.

Differences from `joint_trajectory_controller`: a trajectory starts from the commanded state rather than from the
measured one (a Franka refuses commands that jump), tolerances are on by default, and to hold means to come to rest
within the limits of acceleration and jerk rather than to stop at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from franka_imitation.controller.goal import TrajectoryGoal, in_joint_order, refusal
from franka_imitation.controller.spline import Sample, Spline
from franka_imitation.controller.tolerances import Tolerances, resolve, worst_violation
from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting

SUCCESSFUL = 0
INVALID_GOAL = -1
PATH_TOLERANCE_VIOLATED = -4
GOAL_TOLERANCE_VIOLATED = -5
REPLACED = "Current goal cancelled due to new incoming action."
"""What a goal's result says if another goal took its place, word for word as in `joint_trajectory_controller`."""


@dataclass(frozen=True)
class ControllerConfig:
    """Default tolerances, as `constraints` of joint_trajectory_controller; 0 turns one off."""

    path_tolerance: float = setting(0.1, "allowed position error on the way [rad]; 0: any", low=0.0)
    goal_tolerance: float = setting(0.01, "allowed position error at the end [rad]; 0: any", low=0.0)
    stopped_velocity_tolerance: float = setting(0.02, "a joint slower than this has stopped [rad/s]; 0: any", low=0.0)
    goal_time: float = setting(2.0, "how late the goal may be reached [s]; 0: wait for ever", low=0.0)

    def __post_init__(self) -> None:
        check_ranges(self)


class Outcome(NamedTuple):
    """How a goal ended."""

    goal_id: int
    code: int
    """A code of FollowJointTrajectory's result."""
    message: str
    cancelled: bool = False
    """Whether the client asked for it."""
    replaced: bool = False
    """Whether another goal came."""


class Progress(NamedTuple):
    """Where the robot should be and is."""

    goal_id: int | None
    """The goal that is being followed, or None."""
    time_from_start: float
    """Of the trajectory [s]; 0 without a goal."""
    desired: Sample
    error: FloatArray
    """(3, J) desired - measured: position [rad], velocity [rad/s], acceleration (NaN: not measured)."""


@dataclass
class _Active:
    goal_id: int
    goal: TrajectoryGoal
    tolerances: Tolerances
    start: float | None = None
    spline: Spline | None = None


class JointTrajectoryController:
    """Follows one goal at a time; a new goal aborts the one before.

    Args:
        joint_names: The joints in the robot's order.
        config: Default tolerances.
    """

    def __init__(self, joint_names: Sequence[str], config: ControllerConfig) -> None:
        self._names = tuple(joint_names)
        ones = np.ones(len(self._names))
        path = np.stack([config.path_tolerance * ones, 0 * ones, 0 * ones])
        goal = np.stack([config.goal_tolerance * ones, config.stopped_velocity_tolerance * ones, 0 * ones])
        self._default = Tolerances(path, goal, config.goal_time)
        self._active: _Active | None = None
        self._resting: Sample | None = None
        self._outcomes: list[Outcome] = []
        self._count = 0

    @property
    def active_goal(self) -> int | None:
        """The goal that is being followed, or None."""
        return self._active.goal_id if self._active else None

    def refusal(self, goal: TrajectoryGoal, now: float) -> str | None:
        """Why a goal is not accepted, in one sentence, or None."""
        return refusal(goal, self._names, now)

    def accept(self, goal: TrajectoryGoal) -> tuple[int, str | None]:
        """Follows a goal from the next update on; a goal that is being followed is aborted.

        Returns:
            The number of the goal, and a sentence if its tolerances could not be used.
        """
        if self._active:
            self._end(INVALID_GOAL, REPLACED, replaced=True)
        tolerances, warning = resolve(goal, self._names, self._default)
        self._count += 1
        self._active = _Active(self._count, goal, tolerances)
        return self._count, warning

    def cancel(self, goal_id: int) -> None:
        """Ends a goal at the client's wish; the robot comes to rest and holds. Another goal is not touched."""
        if self._active and self._active.goal_id == goal_id:
            self._end(SUCCESSFUL, "Cancelled by the client.", cancelled=True)

    def abort(self, reason: str) -> None:
        """Ends the goal that is being followed, if any; the robot comes to rest and holds."""
        if self._active:
            self._end(INVALID_GOAL, reason)

    def take_outcomes(self) -> list[Outcome]:
        """The goals that ended since the last call."""
        out, self._outcomes = self._outcomes, []
        return out

    def update(self, now: float, measured: Sample, commanded: Sample) -> tuple[Sample | None, Progress]:
        """One cycle.

        Args:
            now: The controller's time [s].
            measured: State of the joints; NaN accelerations stand for not measured.
            commanded: What the robot was last commanded.

        Returns:
            Where the robot should be now (None: come to rest and hold), and the progress.
        """
        active = self._active
        if active is None:
            desired = self._resting or commanded
            return self._resting, Progress(None, 0.0, desired, _error(desired, measured))
        if active.spline is None or active.start is None:
            active.start = active.goal.stamp or now
            points = in_joint_order(active.goal, self._names)
            active.spline = Spline(points, commanded, now - active.start)
        elapsed = now - active.start
        desired = active.spline.sample(elapsed)
        progress = Progress(active.goal_id, elapsed, desired, _error(desired, measured))
        self._judge(active, active.spline, progress)
        if self._active is None:
            return self._resting, progress
        return desired, progress

    def _judge(self, active: _Active, spline: Spline, progress: Progress) -> None:
        late = progress.time_from_start - spline.end
        if late < 0:
            joint = worst_violation(progress.error, active.tolerances.path)
            if joint is not None:
                self._end(
                    PATH_TOLERANCE_VIOLATED, f"Aborted due to path tolerance violation: {self._off(joint, progress)}"
                )
            return
        joint = worst_violation(progress.error, active.tolerances.goal)
        if joint is None:
            self._end(SUCCESSFUL, "Goal successfully reached!", resting=progress.desired)
        elif active.tolerances.goal_time > 0.0 and late > active.tolerances.goal_time:
            message = f"Aborted due to goal_time_tolerance exceeding by {late:.3f} s: {self._off(joint, progress)}"
            self._end(GOAL_TOLERANCE_VIOLATED, message)

    def _off(self, joint: int, progress: Progress) -> str:
        position, velocity, _ = progress.error[:, joint]
        return (
            f"{self._names[joint]} is off by {position:.4f} rad and {velocity:.4f} rad/s "
            f"at {progress.time_from_start:.3f} s."
        )

    def _end(
        self,
        code: int,
        message: str,
        *,
        cancelled: bool = False,
        replaced: bool = False,
        resting: Sample | None = None,
    ) -> None:
        assert self._active is not None
        self._outcomes.append(Outcome(self._active.goal_id, code, message, cancelled, replaced))
        self._active, self._resting = None, resting


def _error(desired: Sample, measured: Sample) -> FloatArray:
    return np.stack([np.subtract(d, m) for d, m in zip(desired, measured, strict=True)])
