"""Everything that training and trying a policy on one demonstration share."""

from __future__ import annotations

import numpy as np
import torch

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import prepare
from franka_imitation.learning.arm import Arm
from franka_imitation.learning.config import NOTHING_RANDOM, Randomisation, TaskConfig, VariationConfig
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.mujoco_backend import learning_scene
from franka_imitation.learning.reward import RewardConfig
from franka_imitation.learning.simulator_config import SimulatorConfig
from franka_imitation.learning.simulators import make_backend
from franka_imitation.learning.tasks import Tasks, task_from_plan
from franka_imitation.learning.variations import Variations
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.robot import Robot
from franka_imitation.scaled_object import scaled
from franka_imitation.scene import build_scene
from rhov_core.arrays import FloatArray
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory


class Workshop:
    """A demonstration placed on the table, its object, and environments with tasks around it.

    Args:
        trajectory: The reconstruction.
        object_model: Its object, as in the mesh file.
        plan: A plan for the demonstration, or for one like it: it gives placement, start and grasp.
        imitation: Low-pass of the demonstration, and the robot.
    """

    def __init__(
        self,
        trajectory: HandObjectTrajectory,
        object_model: ObjectModel,
        plan: MotionPlan,
        imitation: ImitationConfig,
    ) -> None:
        self.robot = Robot.load(imitation.robot)
        self.object_model = scaled(object_model, trajectory.object_scale)
        self.plan = plan
        demonstration = prepare(trajectory, imitation.cutoff, imitation.max_gap)
        self.demonstration = demonstration
        # What a message does to the last digit must not grow: contacts and the network amplify it.
        self.goals: FloatArray = (plan.T_table_camera @ demonstration.smooth).round(9)
        """(F, 4, 4) T_table_object without jitter."""
        due = demonstration.time * plan.slowdown
        self.task = task_from_plan(plan, self.goals, due, self.robot)
        self._imitation = imitation

    def tasks(self, count: int, seed: int, config: VariationConfig | None = None) -> Tasks:
        """The demonstration's task and variations of it, at most `count`; see `Variations.draw`."""
        scene = build_scene(self.robot, self.object_model)
        variations = Variations(scene, self.task, self.goals, self.plan, self._imitation)
        return variations.draw(count, config or VariationConfig(), seed)

    def environment(
        self,
        count: int,
        config: TaskConfig,
        tasks: Tasks,
        randomisation: Randomisation = NOTHING_RANDOM,
        reward: RewardConfig | None = None,
        *,
        seed: int = 0,
        threads: int = 1,
        simulator: SimulatorConfig | None = None,
    ) -> Environment:
        """An environment in a simulator; see `Environment`."""
        scene = learning_scene(self.robot, self.object_model, config.substeps)
        backend = make_backend(
            simulator or SimulatorConfig(), scene, self.object_model, count, substeps=config.substeps, threads=threads
        )
        return Environment(
            backend,
            Arm(scene),
            tasks,
            config,
            randomisation,
            reward,
            ready=torch.from_numpy(np.array(self.robot.ready)),
            seed=seed,
        )
