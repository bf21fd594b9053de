"""What keeps a policy near the one that it began as, while it learns by reward."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from franka_imitation.learning.policy import PolicyNetwork


class Anchor:
    """A policy as it was.

    Reward alone first destroys what a policy learned by imitation: the advantages of the first updates are noise.

    Args:
        network: Copied.
        weight: Of the divergence in the loss.
    """

    def __init__(self, network: PolicyNetwork, weight: float) -> None:
        self._network = deepcopy(network).requires_grad_(False)
        self._weight = weight

    def loss(self, observations: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
        """Weighted mean Kullback-Leibler divergence of the actions' distributions from those of the policy as it was.

        The deviations of both are taken to be equal and are not pulled: only the mean is anchored.

        Args:
            observations: (N, O) as the environment gives them.
            mean: (N, A) of the actions of the policy now.
            deviation: (A,) or (N, A), standard deviation of its actions.
        """
        with torch.no_grad():
            before = self._network(observations)
        return self._weight * ((mean - before) / deviation.detach()).square().sum(-1).mean() / 2
