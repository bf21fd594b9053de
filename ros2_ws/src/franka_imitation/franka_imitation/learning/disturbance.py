"""What differs from episode to episode and from step to step."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from franka_imitation.learning.backend import ResetState
from franka_imitation.learning.config import Randomisation
from franka_imitation.learning.poses import multiply, perturb, quaternion
from franka_imitation.robot import JOINTS


class Disturbance:
    """Random starts, physics, errors of the seen pose and delays of N environments.

    Args:
        config: How much of each.
        count: N.
        seed: Equal seeds and calls give equal numbers.
    """

    def __init__(self, config: Randomisation, count: int, seed: int) -> None:
        self._config = config
        self._random = torch.Generator().manual_seed(seed)
        self._bias = torch.zeros(count, 6, dtype=torch.float64)
        self._delay = torch.zeros(count, dtype=torch.long)
        self._sent = torch.zeros(config.delay + 1, count, JOINTS + 1, dtype=torch.float64)

    def seed(self, seed: int) -> None:
        """Begins a new sequence of random numbers."""
        self._random.manual_seed(seed)

    def choose(self, tasks: int, count: int) -> Tensor:
        """(count,) indices of tasks."""
        return torch.randint(tasks, (count,), generator=self._random)

    def begin(self, ids: Tensor, ready: Tensor, start: Tensor, width: Tensor) -> ResetState:
        """How the environments `ids` (n,) begin.

        Args:
            ids: Which.
            ready: (7,) posture of the arm [rad].
            start: (n, 7) where the object stands in the tasks.
            width: (n,) distance of the fingers [m].
        """
        config, count = self._config, len(ids)
        place = start.clone()
        place[:, :2] += config.start_position * self._uniform(count, 2)
        turn = torch.zeros(count, 3, dtype=torch.float64)
        turn[:, 2] = config.start_rotation * self._uniform(count)
        place[:, 3:] = multiply(quaternion(turn), place[:, 3:])
        scales = [config.position_bias] * 3 + [config.rotation_bias] * 3
        self._bias[ids] = self._normal(count, 6) * torch.tensor(scales, dtype=torch.float64)
        self._delay[ids] = torch.randint(config.delay + 1, (count,), generator=self._random)
        self._sent[:, ids] = 0.0
        self._sent[:, ids, JOINTS] = 1.0
        between = (self._uniform(count) + 1) / 2
        return ResetState(
            q=ready + config.posture * self._normal(count, JOINTS),
            width=width,
            object_pose=place,
            mass_factor=torch.exp(math.log(config.mass) * self._uniform(count)),
            friction_factor=config.friction_low + (config.friction_high - config.friction_low) * between,
        )

    def held_starts(self, count: int, share: float) -> tuple[Tensor, Tensor]:
        """(count,) which episodes begin in the middle, a `share` of them, and (count,) where, from 0 to 1."""
        which = torch.rand(count, generator=self._random, dtype=torch.float64) < share
        return which, torch.rand(count, generator=self._random, dtype=torch.float64)

    def seen(self, object_pose: Tensor) -> Tensor:
        """(N, 7) the poses as a camera measures them."""
        config = self._config
        scales = [config.position_noise] * 3 + [config.rotation_noise] * 3
        noise = self._normal(len(object_pose), 6) * torch.tensor(scales, dtype=torch.float64)
        return perturb(object_pose, self._bias + noise)

    def delayed(self, action: Tensor) -> Tensor:
        """(N, 8) the actions that take effect now, when `action` is sent."""
        self._sent = torch.cat([action[None], self._sent[:-1]])
        return self._sent[self._delay, torch.arange(len(action))]

    def _uniform(self, *shape: int) -> Tensor:
        """Between -1 and 1."""
        return 2 * torch.rand(*shape, generator=self._random, dtype=torch.float64) - 1

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random, dtype=torch.float64)
