"""Isaac Gym (Preview 4) as a worker: `python3.8 isaac_gym_worker.py FOLDER SOCKET`.

Not run so far: no machine with Isaac Gym was at hand. The calls are checked against its published type stubs.

The arm is the franka_panda.urdf that Isaac Gym brings along (`RHOV_ISAAC_ASSETS`: the folder, if it is elsewhere).
Poses in Isaac Gym's tensors are relative to each environment, whose origin is the robot's base here.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import isaacgym  # before torch, or Isaac Gym refuses
import numpy as np
import torch
from isaacgym import gymapi, gymtorch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from protocol import JOINTS, RATE, Workplaces, serve

ARM = "urdf/franka_description/robots/franka_panda.urdf"
FINGERS = ("panda_leftfinger", "panda_rightfinger")
DOFS = JOINTS + len(FINGERS)
FINGER_STIFFNESS, FINGER_DAMPING = 8000.0, 100.0
"""As in RHOV's MuJoCo scene [N/m], [N s/m]."""
SPACING = 1.5
"""Half the distance of neighbouring environments [m]; they do not collide with each other."""
CONTACT_OFFSET = 0.002
"""Shapes nearer than this have contacts [m]; small, as fingers and handles are thin."""
GPU = 0


class IsaacGymWorkplaces(Workplaces):
    """N environments with an arm and an object on the ground plane.

    Args:
        description: The content of workplace.json.
        folder: With the object's files.
    """

    def __init__(self, description: dict[str, Any], folder: str) -> None:
        self._gym, self._count = gymapi.acquire_gym(), description["count"]
        self._on_gpu = torch.cuda.is_available()
        self._device = f"cuda:{GPU}" if self._on_gpu else "cpu"
        self._travel = description["gripper"]["max_speed"] / RATE
        self._max_force = description["gripper"]["max_force"]
        self._sim = self._create_sim(description)
        arm, thing = self._assets(description, folder)
        self._envs: list[gymapi.Env] = []
        self._arms: list[int] = []
        self._things: list[int] = []
        for i in range(self._count):
            self._add(i, arm, thing, description)
        self._gym.prepare_sim(self._sim)
        root = gymtorch.wrap_tensor(self._gym.acquire_actor_root_state_tensor(self._sim))
        dofs = gymtorch.wrap_tensor(self._gym.acquire_dof_state_tensor(self._sim))
        self._root_all, self._dofs_all = root, dofs
        self._root, self._dofs = root.view(self._count, 2, 13), dofs.view(self._count, DOFS, 2)
        self._target = torch.zeros(self._count, DOFS, device=self._device)
        self._width = torch.zeros(self._count, device=self._device)
        self._force = np.full(self._count, self._max_force)
        self._mass = self._gym.get_actor_rigid_body_properties(self._envs[0], self._things[0])[0].mass
        self._friction = description["object"]["friction"]
        self._refresh()

    def reset(self, ids: np.ndarray, begin: dict[str, np.ndarray]) -> None:
        """See `Workplaces.reset`."""
        for k, i in enumerate(ids.tolist()):
            self._weigh(i, float(begin["mass_factor"][k]))
            self._rub(i, float(begin["friction_factor"][k]))
        rows = torch.as_tensor(ids, device=self._device)
        q, width, pose = (self._tensor(begin[name]) for name in ("q", "width", "object_pose"))
        half = (width / 2)[:, None].expand(-1, len(FINGERS))
        self._target[rows] = torch.cat([q, half], -1)
        self._width[rows] = width
        self._dofs[rows, :, 0] = self._target[rows]
        self._dofs[rows, :, 1] = 0.0
        self._root[rows, 1, :7] = pose
        self._root[rows, 1, 7:] = 0.0
        arms, things = (2 * rows).to(torch.int32), (2 * rows + 1).to(torch.int32)
        gym, wrap, n = self._gym, gymtorch.unwrap_tensor, len(ids)
        gym.set_actor_root_state_tensor_indexed(self._sim, wrap(self._root_all), wrap(things), n)
        gym.set_dof_state_tensor_indexed(self._sim, wrap(self._dofs_all), wrap(arms), n)
        gym.set_dof_position_target_tensor_indexed(self._sim, wrap(self._target), wrap(arms), n)

    def step(self, q: np.ndarray, width: np.ndarray, grip_force: np.ndarray) -> None:
        """See `Workplaces.step`."""
        self._limit_force(np.minimum(grip_force, self._max_force))
        self._width += (self._tensor(width) - self._width).clamp(-self._travel, self._travel)
        self._target[:, :JOINTS] = self._tensor(q)
        self._target[:, JOINTS:] = (self._width / 2)[:, None]
        self._gym.set_dof_position_target_tensor(self._sim, gymtorch.unwrap_tensor(self._target))
        self._gym.simulate(self._sim)
        if not self._on_gpu:
            self._gym.fetch_results(self._sim, True)
        self._refresh()

    def state(self) -> dict[str, np.ndarray]:
        """See `Workplaces.state`."""
        dofs, root = self._dofs.cpu().double().numpy(), self._root[:, 1].cpu().double().numpy()
        return {
            "q": dofs[:, :JOINTS, 0],
            "velocity": dofs[:, :JOINTS, 1],
            "width": dofs[:, JOINTS:, 0].sum(-1),
            "width_rate": dofs[:, JOINTS:, 1].sum(-1),
            "object_pose": root[:, :7],
            "object_velocity": root[:, 7:],
        }

    def _create_sim(self, description: dict[str, Any]) -> gymapi.Sim:
        params = gymapi.SimParams()
        params.dt, params.substeps = 1 / RATE, description["substeps"]
        params.up_axis, params.gravity = gymapi.UP_AXIS_Z, gymapi.Vec3(0.0, 0.0, -9.81)
        params.use_gpu_pipeline = params.physx.use_gpu = self._on_gpu
        params.physx.solver_type = 1
        params.physx.num_position_iterations, params.physx.num_velocity_iterations = 16, 1
        params.physx.contact_offset, params.physx.rest_offset = CONTACT_OFFSET, 0.0
        params.physx.num_threads = description["threads"]
        sim = self._gym.create_sim(GPU, -1, gymapi.SIM_PHYSX, params)
        if sim is None:
            sys.exit("Isaac Gym could not create a simulation")
        plane = gymapi.PlaneParams()
        plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
        plane.static_friction = plane.dynamic_friction = description["table_friction"]
        self._gym.add_ground(sim, plane)
        return sim

    def _assets(self, description: dict[str, Any], folder: str) -> Any:
        default = os.path.join(os.path.dirname(isaacgym.__file__), "..", "..", "assets")
        options = gymapi.AssetOptions()
        options.fix_base_link = options.disable_gravity = options.flip_visual_attachments = True
        options.thickness = 0.001
        arm = self._gym.load_asset(self._sim, os.environ.get("RHOV_ISAAC_ASSETS", default), ARM, options)
        options = gymapi.AssetOptions()
        options.thickness = 0.001
        thing = self._gym.load_asset(self._sim, folder, description["object"]["urdf"], options)
        if arm is None or thing is None:
            sys.exit(f"Isaac Gym could not load {ARM} or the object")
        return arm, thing

    def _add(self, number: int, arm: gymapi.Asset, thing: gymapi.Asset, description: dict[str, Any]) -> None:
        gym, servo = self._gym, description["arm"]
        low, high = gymapi.Vec3(-SPACING, -SPACING, 0.0), gymapi.Vec3(SPACING, SPACING, SPACING)
        env = gym.create_env(self._sim, low, high, int(np.ceil(np.sqrt(self._count))))
        arm_actor = gym.create_actor(env, arm, gymapi.Transform(), "arm", number, 0)
        properties = gym.get_actor_dof_properties(env, arm_actor)
        properties["driveMode"].fill(gymapi.DOF_MODE_POS)
        properties["stiffness"] = servo["stiffness"] + [FINGER_STIFFNESS] * len(FINGERS)
        properties["damping"] = servo["damping"] + [FINGER_DAMPING] * len(FINGERS)
        properties["effort"] = servo["torque"] + [self._max_force] * len(FINGERS)
        properties["armature"][:JOINTS] = servo["armature"]
        gym.set_actor_dof_properties(env, arm_actor, properties)
        start = gymapi.Transform()
        start.p = gymapi.Vec3(0.5, 0.0, 0.5)
        self._envs.append(env)
        self._arms.append(arm_actor)
        self._things.append(gym.create_actor(env, thing, start, "object", number, 0))

    def _weigh(self, i: int, factor: float) -> None:
        properties = self._gym.get_actor_rigid_body_properties(self._envs[i], self._things[i])
        properties[0].mass = self._mass * factor
        self._gym.set_actor_rigid_body_properties(self._envs[i], self._things[i], properties, True)

    def _rub(self, i: int, factor: float) -> None:
        gym, env = self._gym, self._envs[i]
        shapes = gym.get_actor_rigid_shape_properties(env, self._things[i])
        for shape in shapes:
            shape.friction = self._friction * factor
        gym.set_actor_rigid_shape_properties(env, self._things[i], shapes)
        shapes = gym.get_actor_rigid_shape_properties(env, self._arms[i])
        ranges = gym.get_actor_rigid_body_shape_indices(env, self._arms[i])
        for name in FINGERS:
            part = ranges[gym.find_actor_rigid_body_index(env, self._arms[i], name, gymapi.DOMAIN_ACTOR)]
            for shape in shapes[part.start : part.start + part.count]:
                shape.friction = self._friction * factor
        gym.set_actor_rigid_shape_properties(env, self._arms[i], shapes)

    def _limit_force(self, force: np.ndarray) -> None:
        """Of the fingers, where it changed."""
        for i in np.flatnonzero(force != self._force).tolist():
            properties = self._gym.get_actor_dof_properties(self._envs[i], self._arms[i])
            properties["effort"][JOINTS:] = force[i]
            self._gym.set_actor_dof_properties(self._envs[i], self._arms[i], properties)
        self._force = force

    def _refresh(self) -> None:
        self._gym.refresh_dof_state_tensor(self._sim)
        self._gym.refresh_actor_root_state_tensor(self._sim)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=self._device)


if __name__ == "__main__":
    serve(IsaacGymWorkplaces)
