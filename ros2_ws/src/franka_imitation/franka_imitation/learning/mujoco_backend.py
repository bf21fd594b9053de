"""MuJoCo on the threads of this process."""

from __future__ import annotations

import mujoco
import numpy as np
import torch
from torch import Tensor

from franka_imitation.learning.backend import CONTROL_RATE, ResetState, SimBackend, SimState
from franka_imitation.learning.workers.mujoco_batch import MujocoWorkplaces
from franka_imitation.robot import JOINTS, Robot
from franka_imitation.scene import Scene, SceneConfig, build_scene
from rhov_core.object_model import ObjectModel

_STEADY = 0.55
"""Least inertia of a joint, in parts of its servo's damping times the time step; see `learning_scene`."""


class MujocoBackend(SimBackend):
    """A scene, N times.

    Args:
        scene: Of `learning_scene`.
        count: How many workplaces.
        substeps: Of the physics in a control period, as in the scene.
        threads: Of the simulator; 0: as many as processors. The result does not depend on it.
    """

    def __init__(self, scene: Scene, count: int, *, substeps: int, threads: int = 1) -> None:
        self.count = count
        gripper = scene.robot.gripper
        self.workplaces = MujocoWorkplaces(scene.model, count, substeps, threads, gripper.max_speed, gripper.max_force)

    def reset(self, ids: Tensor, state: ResetState) -> None:
        """See `SimBackend.reset`."""
        self.workplaces.reset(ids.numpy(), arrays_of(state))

    def step(self, q: Tensor, width: Tensor, grip_force: Tensor) -> None:
        """See `SimBackend.step`."""
        self.workplaces.step(q.numpy(), width.numpy(), grip_force.numpy())

    def state(self) -> SimState:
        """See `SimBackend.state`."""
        return state_of(self.workplaces.state())


def learning_scene(robot: Robot, object_model: ObjectModel, substeps: int) -> Scene:
    """The planner's scene, with joints that cannot tremble.

    A policy's set-points jump at 60 Hz, so that the servos often give all the torque they have. MuJoCo then treats
    their damping explicitly, and a joint with an inertia below half of damping times time step changes its direction in
    each step for ever (joints 1 and 3 against each other where their axes are parallel), deaf to what it is sent. More
    inertia of the motors prevents that.
    """
    scene = build_scene(robot, object_model, SceneConfig(timestep=1 / (CONTROL_RATE * substeps)))
    model = scene.model
    damping = -model.actuator_biasprm[:JOINTS, 2]
    least = _STEADY * damping * model.opt.timestep
    model.dof_armature[:JOINTS] = np.maximum(model.dof_armature[:JOINTS], least)
    mujoco.mj_setConst(model, mujoco.MjData(model))
    return scene


def arrays_of(state: ResetState) -> dict[str, np.ndarray]:
    """Its tensors as arrays."""
    return {name: value.numpy() for name, value in vars(state).items()}


def state_of(arrays: dict[str, np.ndarray]) -> SimState:
    """A state of arrays that nobody else writes."""
    return SimState(**{name: torch.from_numpy(value) for name, value in arrays.items()})
