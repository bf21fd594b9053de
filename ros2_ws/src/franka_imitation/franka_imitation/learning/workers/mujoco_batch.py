"""MuJoCo on the processor's threads, as numpy arrays; in RHOV's own process or in a worker."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from .protocol import JOINTS, RATE, Workplaces

FloatArray = NDArray[np.float64]
_POSITION = slice(JOINTS + 2, JOINTS + 5)
_WXYZ = slice(JOINTS + 5, JOINTS + 9)
_XYZW_OF_WXYZ = [1, 2, 3, 0]
_WXYZ_OF_XYZW = [3, 0, 1, 2]
OBJECT, GRIPPER, PADS = "object", "actuator8", ("left_finger_pad", "right_finger_pad")


class MujocoWorkplaces(Workplaces):
    """One compiled scene, N times.

    Args:
        model: As `build_scene` compiles it.
        count: N.
        substeps: Of the physics in a control period.
        threads: Of the simulator; 0: as many as processors. The result does not depend on it.
        max_speed: Of the gripper [m/s].
        max_force: Of each finger [N].
    """

    def __init__(
        self, model: mujoco.MjModel, count: int, substeps: int, threads: int, max_speed: float, max_force: float
    ) -> None:
        self.model, self._substeps = model, substeps
        self._batch = Batch(model, nsim=count, nthread=threads)
        names = ("qpos", "qvel", "ctrl", "qacc_warmstart")
        self._qpos, self._qvel, self._ctrl, self._warm = (self._batch.bind(name) for name in names)
        fields = ("body_mass", "body_inertia", "geom_friction", "actuator_forcerange")
        self._mass, self._inertia, self._friction, self._force = (self._batch.expand(name) for name in fields)
        self._object = model.body(OBJECT).id
        touching = [g for g in range(model.ngeom) if model.geom_bodyid[g] == self._object]
        self._touching = np.array(touching + [model.geom(name).id for name in PADS])
        self._gripper = model.actuator(GRIPPER).id
        self._width_command = np.zeros(count)
        self._travel, self._max_force = max_speed / RATE, max_force

    def reset(self, ids: NDArray[np.int64], begin: dict[str, FloatArray]) -> None:
        """See `Workplaces.reset`; constants that follow from the masses are computed anew."""
        model = self.model
        self._mass[ids, self._object] = model.body_mass[self._object] * begin["mass_factor"]
        self._inertia[ids, self._object] = model.body_inertia[self._object] * begin["mass_factor"][:, None]
        sliding = model.geom_friction[self._touching, 0] * begin["friction_factor"][:, None]
        self._friction[ids[:, None], self._touching, 0] = sliding
        self._batch.set_const(ids=ids)
        self._qpos[ids, :JOINTS] = begin["q"]
        self._qpos[ids, JOINTS : JOINTS + 2] = begin["width"][:, None] / 2
        self._qpos[ids, _POSITION] = begin["object_pose"][:, :3]
        self._qpos[ids, _WXYZ] = begin["object_pose"][:, 3:][:, _WXYZ_OF_XYZW]
        self._qvel[ids] = 0.0
        self._warm[ids] = 0.0
        self._ctrl[ids, :JOINTS] = begin["q"]
        self._width_command[ids] = begin["width"]
        self._ctrl[ids, self._gripper] = begin["width"] / 2

    def step(self, q: FloatArray, width: FloatArray, grip_force: FloatArray) -> None:
        """See `Workplaces.step`."""
        self._width_command += np.clip(width - self._width_command, -self._travel, self._travel)
        limit = 2 * np.minimum(grip_force, self._max_force)  # the tendon hands half to each finger
        self._force[:, self._gripper, 0] = -limit
        self._force[:, self._gripper, 1] = limit
        self._ctrl[:, :JOINTS] = q
        self._ctrl[:, self._gripper] = self._width_command / 2
        self._batch.step(nstep=self._substeps)

    def state(self) -> dict[str, FloatArray]:
        """See `Workplaces.state`."""
        quaternion = self._qpos[:, _WXYZ][:, _XYZW_OF_WXYZ]
        quaternion = quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True)
        spin = _rotated(quaternion, self._qvel[:, JOINTS + 5 : JOINTS + 8])
        return {
            "q": np.array(self._qpos[:, :JOINTS]),
            "velocity": np.array(self._qvel[:, :JOINTS]),
            "width": self._qpos[:, JOINTS] + self._qpos[:, JOINTS + 1],
            "width_rate": self._qvel[:, JOINTS] + self._qvel[:, JOINTS + 1],
            "object_pose": np.concatenate([self._qpos[:, _POSITION], quaternion], -1),
            "object_velocity": np.concatenate([self._qvel[:, JOINTS + 2 : JOINTS + 5], spin], -1),
        }


def from_description(description: dict[str, Any], model: mujoco.MjModel) -> MujocoWorkplaces:
    """The workplaces that workplace.json describes."""
    return MujocoWorkplaces(
        model,
        description["count"],
        description["substeps"],
        description["threads"],
        description["gripper"]["max_speed"],
        description["gripper"]["max_force"],
    )


def _rotated(quaternion: FloatArray, vector: FloatArray) -> FloatArray:
    """Vectors (N, 3) turned by quaternions (N, 4)."""
    axis = quaternion[:, :3]
    t = 2 * np.cross(axis, vector)
    turned: FloatArray = vector + quaternion[:, 3:] * t + np.cross(axis, t)
    return turned
