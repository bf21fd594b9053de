"""More tasks like one: the same motion at other places and turned about the vertical."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from franka_imitation.collision import CollisionChecker
from franka_imitation.config import ImitationConfig
from franka_imitation.kinematics import Kinematics
from franka_imitation.learning.config import VariationConfig
from franka_imitation.learning.poses import pose_tensor
from franka_imitation.learning.tasks import Tasks, concatenated
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.scene import Scene
from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation, inverse, make_transform

_KEY_GOALS = 16
_WAY_POSTURES = 8
_TRIALS = 20
"""Variations that are tried for each that is wanted."""


class Variations:
    """Draws tasks around one that a plan solves.

    Args:
        scene: The workplace with the object.
        task: The demonstration's (K = 1).
        goals: (F, 4, 4) T_table_object of the task.
        plan: That of the task; its postures are where the search for postures starts.
        config: Margins and clearances.
    """

    def __init__(self, scene: Scene, task: Tasks, goals: FloatArray, plan: MotionPlan, config: ImitationConfig) -> None:
        self._kinematics = Kinematics(scene, config.joint_margin)
        self._checker = CollisionChecker(scene, config.clearance)
        self._task, self._goals, self._plan = task, goals, plan
        self._key = np.unique(np.linspace(0, len(goals) - 1, _KEY_GOALS).round().astype(int))
        due = int(np.clip(np.searchsorted(plan.time, plan.frame_due[0]), 0, len(plan.time) - 1))
        self._q_first = plan.q[due]

    def draw(self, count: int, config: VariationConfig, seed: int) -> Tasks:
        """The task itself and variations that the arm can follow without a collision, together at most `count`.

        Fewer where few are possible. Different seeds give different tasks.
        """
        random = np.random.default_rng(seed)
        centre = self._goals[:, :3, 3].mean(axis=0)
        found = [self._task]
        for _ in range(_TRIALS * count):
            if len(found) >= count:
                break
            turn = exp_rotation([0.0, 0.0, config.turn * random.uniform(-1, 1)])
            shift = config.shift * random.uniform(-1, 1, 3)
            goals = make_transform(turn, centre - turn @ centre + shift) @ self._goals
            q_first = self._first_posture(goals)
            if q_first is not None:
                transfer = self._task.transfer.clone()
                transfer[:, -1] = torch.from_numpy(q_first)
                found.append(replace(self._task, goals=pose_tensor(goals)[None], transfer=transfer))
        return concatenated(found)

    def _first_posture(self, goals: FloatArray) -> FloatArray | None:
        """(7,) posture for the first goal, or None if the motion is out of reach or not free."""
        tools = (goals @ self._plan.T_object_tcp)[self._key]
        solution = self._kinematics.follow(tools[:, None], self._q_first[None], iterations=10)
        if not solution.reached().all():
            return None
        q = solution.q[:, 0]
        corners = self._task.transfer[0].numpy()
        before = corners[-2] if len(corners) > 1 else self._q_first
        way = before + np.linspace(0, 1, _WAY_POSTURES)[:, None] * (q[0] - before)
        path = np.concatenate([way, q])
        poses = self._kinematics.forward(path) @ inverse(self._plan.T_object_tcp)
        blocked = self._checker.find_along(path, self._plan.grasp_width, poses, held=True)
        return None if blocked else q[0]
