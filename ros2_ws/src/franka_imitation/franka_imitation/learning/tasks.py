"""What a policy is to do: K tasks around one demonstration, as tensors."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from franka_imitation.learning.backend import CONTROL_RATE
from franka_imitation.learning.poses import pose_tensor
from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray

_SETTLE = 0.3
"""From when the fingers should touch until the object is lifted [s]."""


@dataclass(frozen=True)
class Tasks:
    """K tasks with F goals each, in the robot's base frame.

    Besides the goals, which are all that the paper's policy is told, a task says how the planner would take the object.
    """

    start: Tensor
    """(K, 7) where the object stands."""
    goals: Tensor
    """(K, F, 7) poses of the object, one after the other."""
    dwell: Tensor
    """(K, F) control steps from one goal until the next is due."""
    grasp: Tensor
    """(K, 7) T_object_tcp."""
    grasp_width: Tensor
    """(K,) of the object between the fingers [m]."""
    opening: Tensor
    """(K,) distance of the open fingers [m]."""
    closing: Tensor
    """(K,) commanded distance of the closed fingers [m], less than `grasp_width`."""
    grip_force: Tensor
    """(K,) of each finger [N]."""
    close_steps: Tensor
    """(K,) control steps that closing takes."""
    approach: Tensor
    """(K, A, 7) postures of the arm from its start to before the grasp [rad]."""
    transfer: Tensor
    """(K, B, 7) postures from where the object was lifted to the first goal [rad]."""

    def __len__(self) -> int:
        return len(self.start)

    def select(self, index: Tensor) -> Tasks:
        """The tasks with indices (n,)."""
        return Tasks(*(getattr(self, field.name)[index] for field in fields(self)))


def task_from_plan(plan: MotionPlan, goals: FloatArray, due: FloatArray, robot: Robot) -> Tasks:
    """The one task to follow goals with the start, the grasp and the ways of a plan.

    Args:
        plan: For these goals or for some like them.
        goals: (F, 4, 4) T_table_object.
        due: (F,) when the object should be there [s], increasing.
        robot: Gives the speed of the gripper.
    """
    ticks = np.rint(due * CONTROL_RATE)
    dwell = np.maximum(np.diff(ticks, prepend=ticks[0] - 1), 1)
    opening, closing = float(plan.gripper_width.max()), float(plan.gripper_width.min())
    close = np.ceil(((opening - plan.grasp_width) / robot.gripper.max_speed + _SETTLE) * CONTROL_RATE)

    def one(value: float) -> Tensor:
        return torch.tensor([value], dtype=torch.float64)

    return Tasks(
        start=pose_tensor(plan.T_table_object_start[None]),
        goals=pose_tensor(goals)[None],
        dwell=torch.from_numpy(dwell)[None],
        grasp=pose_tensor(plan.T_object_tcp[None]),
        grasp_width=one(plan.grasp_width),
        opening=one(opening),
        closing=one(closing),
        grip_force=one(plan.grip_force),
        close_steps=one(close),
        approach=_corners(plan, "approach")[None],
        transfer=_corners(plan, "transfer")[None],
    )


def concatenated(tasks: list[Tasks]) -> Tasks:
    """Tasks of the same demonstration in one."""
    return Tasks(*(torch.cat([getattr(task, field.name) for task in tasks]) for field in fields(Tasks)))


def _corners(plan: MotionPlan, phase: str) -> Tensor:
    """(W, 7) postures of a phase at which the arm stops, in the order in which they are reached."""
    rows = np.flatnonzero(plan.phase == PHASES.index(phase))
    rest = np.abs(plan.velocity[rows]).max(axis=1) < 1e-9
    rest[-1] = True
    arrived = rows[rest & np.diff(rest.astype(int), prepend=1).astype(bool)] if rest[:-1].any() else rows[-1:]
    arrived = np.unique(np.append(arrived, rows[-1]))
    different = np.abs(np.diff(plan.q[arrived], axis=0, prepend=np.inf)).max(axis=1) > 1e-3
    return torch.from_numpy(plan.q[arrived[different]].copy())
