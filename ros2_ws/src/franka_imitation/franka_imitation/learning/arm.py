"""Forward kinematics, Jacobian and inverse kinematics of many arms as torch tensors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from franka_imitation.learning.poses import compose, difference, multiply, rotate
from franka_imitation.robot import JOINTS
from franka_imitation.scene import TCP_SITE, Scene

_DAMPING = 1e-3
"""Of the least squares. Larger than in planning: a posture near a singular one must not make the labels jump."""


class Arm:
    """The chain from the robot's base to its tool centre point; the same geometry as `Kinematics`.

    Args:
        scene: Gives the geometry of the links and the robot's limits.
    """

    def __init__(self, scene: Scene) -> None:
        model = scene.model
        bodies = [model.body(f"link{i}").id for i in range(1, JOINTS + 1)] + [model.body("hand").id]
        turns = np.roll(model.body_quat[bodies], -1, axis=1)
        self._links = torch.from_numpy(np.concatenate([model.body_pos[bodies], turns], axis=1))
        self._tcp = torch.from_numpy(model.site(TCP_SITE).pos.copy())
        self.lower = torch.from_numpy(scene.robot.limits.lower.copy())
        self.upper = torch.from_numpy(scene.robot.limits.upper.copy())

    def forward(self, q: Tensor) -> Tensor:
        """Poses T_base_tcp (N, 7) at postures (N, 7) [rad]."""
        return self._chain(q)[0]

    def jacobian(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """Poses T_base_tcp (N, 7) and their Jacobians (N, 6, 7): [m, rad] of the tangent per rad."""
        tool, origins, directions = self._chain(q)
        linear = torch.linalg.cross(directions, tool[:, None, :3] - origins)
        return tool, torch.cat([linear, directions], -1).transpose(1, 2)

    def joint_step(self, jacobian: Tensor, tangent: Tensor) -> Tensor:
        """Changes of the joints (N, 7) [rad] that move the tool by tangents (N, 6), by damped least squares."""
        normal = jacobian @ jacobian.transpose(1, 2) + _DAMPING * torch.eye(6, dtype=jacobian.dtype)
        weights = torch.linalg.solve(normal, tangent[..., None])
        return (jacobian.transpose(1, 2) @ weights)[..., 0]

    def towards(self, q: Tensor, target: Tensor, iterations: int) -> Tensor:
        """Postures (N, 7), improved towards poses T_base_tcp (N, 7) by a few steps of at most 0.3 rad."""
        for _ in range(iterations):
            tool, jacobian = self.jacobian(q)
            step = self.joint_step(jacobian, difference(target, tool))
            longest = step.abs().amax(-1, keepdim=True).clamp_min(1e-9)
            q = self.limited(q + step * (0.3 / longest).clamp_max(1.0))
        return q

    def limited(self, q: Tensor) -> Tensor:
        """Postures within the stops."""
        return torch.minimum(torch.maximum(q, self.lower), self.upper)

    def _chain(self, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Poses of the tool (N, 7), origins and directions (N, 7, 3) of the joints."""
        count = len(q)
        half = q / 2
        zero = torch.zeros_like(half)
        spin = torch.stack([zero, zero, half.sin(), half.cos()], -1)
        pose = torch.zeros(count, 7, dtype=q.dtype)
        pose[:, 6] = 1.0
        up = torch.tensor([0.0, 0.0, 1.0], dtype=q.dtype).expand(count, 3)
        origins, directions = [], []
        for i in range(JOINTS):
            pose = compose(pose, self._links[i].expand(count, 7))
            origins.append(pose[:, :3])
            directions.append(rotate(pose[:, 3:], up))
            pose = torch.cat([pose[:, :3], multiply(pose[:, 3:], spin[:, i])], -1)
        pose = compose(pose, self._links[JOINTS].expand(count, 7))
        tool = torch.cat([pose[:, :3] + rotate(pose[:, 3:], self._tcp.expand(count, 3)), pose[:, 3:]], -1)
        return tool, torch.stack(origins, 1), torch.stack(directions, 1)
