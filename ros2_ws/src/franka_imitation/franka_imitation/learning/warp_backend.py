"""MuJoCo Warp: the same scene on an NVIDIA GPU. On a processor it runs too, slowly, which is what the tests do.

Not run on a GPU: none was at hand.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from franka_imitation.learning.backend import CONTROL_RATE, ResetState, SimBackend, SimState
from franka_imitation.learning.poses import rotate
from franka_imitation.learning.workers.mujoco_batch import GRIPPER, OBJECT, PADS
from franka_imitation.robot import JOINTS
from franka_imitation.scene import Scene
from rhov_core.errors import InputError, MissingDependencyError

_CONTACTS, _CONSTRAINTS = 64, 256
"""Room for each workplace. An elliptic contact with torsion takes four constraints."""
_RANDOM = ("body_mass", "body_inertia", "geom_friction", "actuator_forcerange")
_DERIVED = ("body_subtreemass", "body_invweight0", "dof_invweight0", "tendon_invweight0", "actuator_acc0")
"""What follows from the masses."""
_FINGERS = slice(JOINTS, JOINTS + 2)
_POSITION = slice(JOINTS + 2, JOINTS + 5)
_WXYZ = slice(JOINTS + 5, JOINTS + 9)
_XYZW_OF_WXYZ = [1, 2, 3, 0]
_WXYZ_OF_XYZW = [3, 0, 1, 2]


class WarpBackend(SimBackend):
    """A scene, N times, in single precision. The tensors that it takes and gives are on the processor.

    Args:
        scene: Of `learning_scene`.
        count: How many workplaces.
        substeps: Of the physics in a control period, as in the scene.
        device: Of Warp, as "cuda:0" or "cpu"; empty: a GPU if there is one.

    Raises:
        MissingDependencyError: Without mujoco-warp.
        InputError: If there is no such device.
    """

    def __init__(self, scene: Scene, count: int, *, substeps: int, device: str = "") -> None:
        try:
            import mujoco_warp
            import warp
        except ImportError as error:
            raise MissingDependencyError(
                "mujoco-warp", "the simulator 'mujoco_warp'", "pip install -r requirements/gpu.txt"
            ) from error
        self.count, self._substeps = count, substeps
        self._warp, self._mujoco_warp = warp, mujoco_warp
        warp.config.quiet = True
        warp.init()
        names = [str(there) for there in warp.get_devices()]
        if device and device not in names:
            raise InputError(f"the device is '{device}'", ", ".join(names), "correct the name")
        self._device = warp.get_device(device or None)
        model, gripper = scene.model, scene.robot.gripper
        with warp.ScopedDevice(self._device):
            sizes = dict.fromkeys((*_RANDOM, *_DERIVED), count)
            self._model = mujoco_warp.put_model(model, batch_sizes=sizes)
            self._data = mujoco_warp.make_data(model, nworld=count, nconmax=_CONTACTS, njmax=_CONSTRAINTS)
        self._qpos, self._qvel, self._ctrl, self._warm = (
            self._tensor(getattr(self._data, name)) for name in ("qpos", "qvel", "ctrl", "qacc_warmstart")
        )
        self._mass, self._inertia, self._friction, self._force = (
            self._tensor(getattr(self._model, name)) for name in _RANDOM
        )
        self._object = model.body(OBJECT).id
        touching = [g for g in range(model.ngeom) if model.geom_bodyid[g] == self._object]
        self._touching = torch.tensor(touching + [model.geom(name).id for name in PADS], device=self._qpos.device)
        self._plain_mass = float(model.body_mass[self._object])
        self._plain_inertia = self._on_device(torch.from_numpy(model.body_inertia[self._object].copy()))
        self._plain_friction = self._friction[0, self._touching, 0].clone()
        self._gripper = model.actuator(GRIPPER).id
        self._width_command = torch.zeros(count, dtype=torch.float64)
        self._travel, self._max_force = gripper.max_speed / CONTROL_RATE, gripper.max_force
        self._graph: Any = None

    def reset(self, ids: Tensor, state: ResetState) -> None:
        """See `SimBackend.reset`."""
        rows = ids.to(self._qpos.device)
        mass, friction = self._on_device(state.mass_factor), self._on_device(state.friction_factor)
        self._mass[rows, self._object] = self._plain_mass * mass
        self._inertia[rows, self._object] = self._plain_inertia * mass[:, None]
        self._friction[rows[:, None], self._touching, 0] = self._plain_friction * friction[:, None]
        with self._warp.ScopedDevice(self._device):
            self._mujoco_warp.set_const(self._model, self._data)
        pose = self._on_device(state.object_pose)
        self._qpos[rows, :JOINTS] = self._on_device(state.q)
        self._qpos[rows, _FINGERS] = self._on_device(state.width)[:, None] / 2
        self._qpos[rows, _POSITION] = pose[:, :3]
        self._qpos[rows, _WXYZ] = pose[:, 3:][:, _WXYZ_OF_XYZW]
        self._qvel[rows] = 0
        self._warm[rows] = 0
        self._width_command[ids] = state.width

    def step(self, q: Tensor, width: Tensor, grip_force: Tensor) -> None:
        """See `SimBackend.step`.

        Raises:
            InputError: If the object touches at more points than there is room for.
        """
        self._width_command += (width - self._width_command).clamp(-self._travel, self._travel)
        limit = 2 * self._on_device(grip_force).clamp_max(self._max_force)  # the tendon hands half to each finger
        self._force[:, self._gripper, 0] = -limit
        self._force[:, self._gripper, 1] = limit
        self._ctrl[:, :JOINTS] = self._on_device(q)
        self._ctrl[:, self._gripper] = self._on_device(self._width_command / 2)
        with self._warp.ScopedDevice(self._device):
            self._simulate()
        if bool(self._tensor(self._data.overflow).any()):
            raise InputError(
                "the object touches the table or the fingers at too many points for the room on the device",
                f"{_CONTACTS} contacts and {_CONSTRAINTS} constraints in each workplace",
                "use an object with fewer convex parts, or the simulator 'mujoco'",
            )

    def state(self) -> SimState:
        """See `SimBackend.state`."""
        qpos, qvel = self._qpos.cpu().double(), self._qvel.cpu().double()
        quaternion = qpos[:, _WXYZ][:, _XYZW_OF_WXYZ]
        quaternion = quaternion / quaternion.norm(dim=-1, keepdim=True)
        spin = rotate(quaternion, qvel[:, JOINTS + 5 : JOINTS + 8])
        return SimState(
            q=qpos[:, :JOINTS],
            velocity=qvel[:, :JOINTS],
            width=qpos[:, _FINGERS].sum(-1),
            width_rate=qvel[:, _FINGERS].sum(-1),
            object_pose=torch.cat([qpos[:, _POSITION], quaternion], -1),
            object_velocity=torch.cat([qvel[:, JOINTS + 2 : JOINTS + 5], spin], -1),
        )

    def _simulate(self) -> None:
        """One control period; on a GPU its kernels are recorded once and then started together."""
        if self._graph is not None:
            self._warp.capture_launch(self._graph)
            return
        if self._device.is_cuda:
            self._mujoco_warp.step(self._model, self._data)  # compiles the kernels, which a recording cannot
            with self._warp.ScopedCapture() as capture:
                for _ in range(self._substeps):
                    self._mujoco_warp.step(self._model, self._data)
            self._graph = capture.graph
            for _ in range(self._substeps - 1):
                self._mujoco_warp.step(self._model, self._data)
            return
        for _ in range(self._substeps):
            self._mujoco_warp.step(self._model, self._data)

    def _tensor(self, array: Any) -> Tensor:
        """The same numbers as a tensor that shares them."""
        tensor: Tensor = self._warp.to_torch(array)
        return tensor

    def _on_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._qpos.device, torch.float32)
