"""Forward kinematics, Jacobian and inverse kinematics of many arms as torch tensors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from franka_imitation.learning.poses import difference, multiply
from franka_imitation.robot import JOINTS
from franka_imitation.scene import TCP_SITE, Scene
from rhov_core.pose import rotation_from_quaternion

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
        axes = rotation_from_quaternion(turns)
        offsets = model.body_pos[bodies]
        self._turns = torch.from_numpy(turns)
        self._axes, self._offsets = torch.from_numpy(axes[:JOINTS]), torch.from_numpy(offsets[:JOINTS])
        self._tool_offset = torch.from_numpy(offsets[JOINTS] + axes[JOINTS] @ model.site(TCP_SITE).pos)
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
        cos, sin = q.cos()[..., None], q.sin()[..., None]
        x, y, z = self._axes.unbind(-1)
        turned = torch.stack([x * cos + y * sin, y * cos - x * sin, z.expand(count, JOINTS, 3)], -1)
        steps = torch.cat([turned, self._offsets.expand(count, JOINTS, 3)[..., None]], -1)
        position, rotation = steps[:, 0, :, 3], steps[:, 0, :, :3]
        origins, directions = [position], [rotation[..., 2]]
        for i in range(1, JOINTS):
            moved = rotation @ steps[:, i]
            position, rotation = position + moved[..., 3], moved[..., :3]
            origins.append(position)
            directions.append(rotation[..., 2])
        tool = position + rotation @ self._tool_offset
        return torch.cat([tool, self._turn(q)], -1), torch.stack(origins, 1), torch.stack(directions, 1)

    def _turn(self, q: Tensor) -> Tensor:
        """(N, 4) rotation of the tool: the product of all links' by halves, three products instead of seven."""
        half = q / 2
        zero = torch.zeros_like(half)
        turns = multiply(self._turns[:JOINTS], torch.stack([zero, zero, half.sin(), half.cos()], -1))
        turns = torch.cat([turns, self._turns[JOINTS:].expand(len(q), 1, 4)], 1)
        while turns.shape[1] > 1:
            turns = multiply(turns[:, ::2], turns[:, 1::2])
        return turns[:, 0]
