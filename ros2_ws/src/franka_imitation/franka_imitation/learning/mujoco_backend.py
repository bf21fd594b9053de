"""MuJoCo on the processor's threads."""

from __future__ import annotations

import numpy as np
import torch
from mujoco.batch import Batch
from torch import Tensor

from franka_imitation.learning.backend import CONTROL_RATE, ResetState, SimBackend, SimState
from franka_imitation.learning.poses import rotate
from franka_imitation.robot import JOINTS, Robot
from franka_imitation.scene import SceneConfig, build_scene
from rhov_core.object_model import ObjectModel

_POSITION = slice(JOINTS + 2, JOINTS + 5)
_WXYZ = slice(JOINTS + 5, JOINTS + 9)
_XYZW_OF_WXYZ = [1, 2, 3, 0]
_WXYZ_OF_XYZW = [3, 0, 1, 2]


class MujocoBackend(SimBackend):
    """The scene of the planner, N times.

    Args:
        robot: Which arm.
        object_model: What stands on the table.
        count: How many workplaces.
        substeps: Of the physics in a control period.
        threads: Of the simulator; 0: as many as processors. The result does not depend on it.
    """

    def __init__(
        self, robot: Robot, object_model: ObjectModel, count: int, *, substeps: int = 6, threads: int = 1
    ) -> None:
        self.count = count
        self.scene = build_scene(robot, object_model, SceneConfig(timestep=1 / (CONTROL_RATE * substeps)))
        model = self.scene.model
        self._substeps = substeps
        self._batch = Batch(model, nsim=count, nthread=threads)
        names = ("qpos", "qvel", "ctrl", "qacc_warmstart")
        self._qpos, self._qvel, self._ctrl, self._warm = (torch.from_numpy(self._batch.bind(name)) for name in names)
        fields = ("body_mass", "body_inertia", "geom_friction", "actuator_forcerange")
        self._mass, self._inertia, self._friction, self._force = (self._batch.expand(name) for name in fields)
        self._object = self.scene.object_body
        touching = [g for g in range(model.ngeom) if model.geom_bodyid[g] == self._object]
        self._touching = np.array([*touching, model.geom("left_finger_pad").id, model.geom("right_finger_pad").id])
        self._gripper = model.actuator("actuator8").id
        self._width_command = torch.zeros(count, dtype=torch.float64)
        self._travel = robot.gripper.max_speed / CONTROL_RATE
        self._max_force = robot.gripper.max_force

    def reset(self, ids: Tensor, state: ResetState) -> None:
        """See `SimBackend.reset`; constants that follow from the masses are computed anew."""
        model, rows = self.scene.model, ids.numpy()
        self._mass[rows, self._object] = model.body_mass[self._object] * state.mass_factor.numpy()
        self._inertia[rows, self._object] = model.body_inertia[self._object] * state.mass_factor.numpy()[:, None]
        sliding = model.geom_friction[self._touching, 0] * state.friction_factor.numpy()[:, None]
        self._friction[rows[:, None], self._touching, 0] = sliding
        self._batch.set_const(ids=rows)
        self._qpos[ids, :JOINTS] = state.q
        self._qpos[ids, JOINTS : JOINTS + 2] = state.width[:, None] / 2
        self._qpos[ids, _POSITION] = state.object_pose[:, :3]
        self._qpos[ids, _WXYZ] = state.object_pose[:, 3:][:, _WXYZ_OF_XYZW]
        self._qvel[ids] = 0.0
        self._warm[ids] = 0.0
        self._ctrl[ids, :JOINTS] = state.q
        self._width_command[ids] = state.width
        self._ctrl[ids, self._gripper] = state.width / 2

    def step(self, q: Tensor, width: Tensor, grip_force: Tensor) -> None:
        """See `SimBackend.step`."""
        change = (width - self._width_command).clamp(-self._travel, self._travel)
        self._width_command += change
        limit = 2 * np.minimum(grip_force.numpy(), self._max_force)  # the tendon hands half to each finger
        self._force[:, self._gripper] = np.stack([-limit, limit], axis=-1)
        self._ctrl[:, :JOINTS] = q
        self._ctrl[:, self._gripper] = self._width_command / 2
        self._batch.step(nstep=self._substeps)

    def state(self) -> SimState:
        """See `SimBackend.state`."""
        quaternion = self._qpos[:, _WXYZ][:, _XYZW_OF_WXYZ]
        quaternion = quaternion / quaternion.norm(dim=-1, keepdim=True)
        spin = rotate(quaternion, self._qvel[:, JOINTS + 5 : JOINTS + 8])
        return SimState(
            q=self._qpos[:, :JOINTS].clone(),
            velocity=self._qvel[:, :JOINTS].clone(),
            width=self._qpos[:, JOINTS] + self._qpos[:, JOINTS + 1],
            width_rate=self._qvel[:, JOINTS] + self._qvel[:, JOINTS + 1],
            object_pose=torch.cat([self._qpos[:, _POSITION], quaternion], -1),
            object_velocity=torch.cat([self._qvel[:, JOINTS + 2 : JOINTS + 5], spin], -1),
        )
