"""Lets a policy act once, and makes of what the arm did a plan that a controller can be sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import smoothed
from franka_imitation.learning.backend import CONTROL_RATE
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.policy import Policy
from franka_imitation.learning.workshop import Workshop
from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.robot import JOINTS
from franka_imitation.timing import Motion, check_limits, find_pace, hold, joined, paced
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError

_CUTOFF = 5.0
"""Trembling of the arm that is faster is not replayed [Hz]."""
_SETTLE = 0.4
"""From when the fingers should touch until the arm moves on [s]."""
_PAUSE = 0.3
"""Before the demonstration is followed, and at the end [s]."""
_SHORTEST = 4
"""Control steps for which the fingers must stay closed or open to be told so; flutter is left out."""
_CONTROLLER_ROOM = 1.11
"""A motion may use this much more than the planned fraction of the limits."""


@dataclass(frozen=True)
class PolicyRun:
    """An episode in closed loop: M control steps, F goals."""

    q: FloatArray
    """(M, 7) measured joint positions [rad]."""
    closed: NDArray[np.bool_]
    """(M,) whether the fingers were told to close."""
    matched_at: NDArray[np.int64]
    """(F,) control step in which each goal was matched, M where it was not."""
    success: bool
    fraction_matched: float
    position_error: float
    """Mean over the goals that became due [m]; NaN without any."""
    rotation_error: float
    """The same [rad]."""


def run_policy(workshop: Workshop, policy: Policy, environment: Environment | None = None) -> PolicyRun:
    """One episode of the demonstration's own task.

    Args:
        workshop: Of the task.
        policy: Acts.
        environment: With one workplace, for instance on a robot; None: in simulation, without randomisation.
    """
    environment = environment or workshop.environment(1, policy.task, workshop.task)
    observation = environment.reset()
    goals = workshop.task.goals.shape[1]
    q, closed = [environment.state.q[0].numpy()], [False]
    matched_at: list[int] = []
    while True:
        action = policy(observation)
        step = environment.step(action)
        if bool(step.done[0]):
            break
        observation = step.observation
        q.append(environment.state.q[0].numpy())
        closed.append(float(action[0, JOINTS]) <= 0)
        matched_at += [len(q) - 1] * (int(environment.matching.matched[0]) - len(matched_at))
    ended = step.ended
    count = round(float(ended.fraction_matched[0]) * goals)
    matched_at += [len(q) - 1] * (count - len(matched_at))
    missing = [len(q)] * (goals - len(matched_at))
    return PolicyRun(
        np.array(q),
        np.array(closed),
        np.array(matched_at + missing, np.int64),
        bool(ended.success[0]),
        float(ended.fraction_matched[0]),
        float(ended.position_error[0]),
        float(ended.rotation_error[0]),
    )


def plan_of_run(run: PolicyRun, workshop: Workshop, config: ImitationConfig) -> MotionPlan:
    """The motion of an episode, smooth, within the limits of the robot, with the arm at rest while fingers move.

    Args:
        run: The episode.
        workshop: In which it was made.
        config: Used fraction of the limits, rate of the set-points.

    Raises:
        PlanningError: If the object was never brought to the first goal, or the motion exceeds the limits.
    """
    if run.matched_at[0] >= len(run.q):
        raise PlanningError(
            "The policy did not bring the object to the first pose of the motion in simulation: train it longer, or on "
            "this trajectory."
        )
    robot, planned, task = workshop.robot, workshop.plan, workshop.task
    period = 1 / config.control_rate
    q = smoothed(np.arange(len(run.q)) / CONTROL_RATE, run.q, np.ones(len(run.q)), _CUTOFF)
    opening, closing = float(task.opening[0]), float(task.closing[0])
    wait = (opening - planned.grasp_width) / robot.gripper.max_speed + _SETTLE
    start = int(run.matched_at[0])
    motions: list[Motion] = []
    widths: list[float] = []
    phases: list[str] = []

    def add(motion: Motion, width: float, phase: str) -> None:
        motions.append(motion)
        widths.append(width)
        phases.append(phase)

    cuts = _finger_changes(run.closed[: start + 1])
    for first, last in zip([0, *cuts], [*cuts, start], strict=True):
        is_closed = bool(run.closed[first])
        width = closing if is_closed else opening
        if first:
            add(hold(q[first], wait, period), width, "close" if is_closed else "approach")
        add(_follow(q, first, last, workshop, config), width, "transfer" if is_closed else "approach")
    add(hold(q[start], _PAUSE, period), closing, "transfer")
    before = sum(len(motion.q) - 1 for motion in motions) * period
    time = (np.arange(start, len(q)) - start) / CONTROL_RATE
    pace = find_pace(time, q[start:], robot, config.limit_fraction)
    add(paced(time, q[start:], pace, period), closing, "follow")
    add(hold(q[-1], _PAUSE, period), closing, "hold")
    motion = joined(motions)
    check_limits(robot, motion, period, 0.0, min(1.0, _CONTROLLER_ROOM * config.limit_fraction))
    lengths = [len(part.q) - 1 for part in motions]
    numbers = [PHASES.index(phase) for phase in phases]
    due = np.minimum((run.matched_at - start) / CONTROL_RATE, time[-1])
    demonstration = workshop.demonstration
    frame_due = before + pace.due(due)
    return MotionPlan(
        robot=robot.name,
        joint_names=robot.joint_names,
        time=np.arange(len(motion.q)) * period,
        q=motion.q,
        velocity=motion.velocity,
        gripper_width=np.repeat([widths[0], *widths], [1, *lengths]),
        phase=np.repeat([numbers[0], *numbers], [1, *lengths]),
        frame_index=demonstration.frame_index,
        frame_due=frame_due,
        T_table_object=planned.T_table_camera @ demonstration.measured,
        T_table_camera=planned.T_table_camera,
        T_table_object_start=planned.T_table_object_start,
        T_object_tcp=planned.T_object_tcp,
        grasp_width=planned.grasp_width,
        grip_force=planned.grip_force,
        slowdown=float((frame_due[-1] - frame_due[0]) / demonstration.time[-1]),
    )


def _finger_changes(closed: NDArray[np.bool_]) -> list[int]:
    """Samples at which the fingers were told otherwise, not too near to each other; as many as leave the last state."""
    changes = (np.flatnonzero(np.diff(closed)) + 1).tolist()
    kept: list[int] = []
    for change in changes:
        if kept and change - kept[-1] < _SHORTEST:
            kept.pop()
        else:
            kept.append(change)
    return kept


def _follow(q: FloatArray, first: int, last: int, workshop: Workshop, config: ImitationConfig) -> Motion:
    """The samples from one to another, from rest to rest within the limits."""
    if last == first:
        return hold(q[first], _PAUSE, 1 / config.control_rate)
    time = np.arange(last - first + 1) / CONTROL_RATE
    pace = find_pace(time, q[first : last + 1], workshop.robot, config.limit_fraction)
    return paced(time, q[first : last + 1], pace, 1 / config.control_rate)
