"""A policy's weights in the actor of rl-games and back, by the names of rl-games' state."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from franka_imitation.learning.policy import PolicyNetwork

EPSILON = 1e-5
"""What rl-games adds to the variance of an observation."""
_ACTOR, _LAST, _SEEN = "a2c_network.actor_mlp", "a2c_network.mu", "running_mean_std"
_MANY = 1e9
"""So many observations count as seen: mean and variance do not move any more."""


def to_actor(network: PolicyNetwork) -> dict[str, Tensor]:
    """The part of rl-games' state that acts like a network."""
    state = {
        f"{_SEEN}.running_mean": network.mean.double(),
        f"{_SEEN}.running_var": (network.scale.double().square() - EPSILON).clamp_min(0.0),
        f"{_SEEN}.count": torch.tensor(_MANY, dtype=torch.float64),
    }
    for name, layer in _named(network):
        state[f"{name}.weight"] = layer.weight.detach().clone()
        state[f"{name}.bias"] = layer.bias.detach().clone()
    return state


def from_actor(state: Mapping[str, Tensor], network: PolicyNetwork) -> None:
    """Overwrites a network with rl-games' actor: mean, scale and weights."""
    network.mean = state[f"{_SEEN}.running_mean"].float().clone()
    network.scale = torch.sqrt(state[f"{_SEEN}.running_var"].float() + EPSILON)
    with torch.no_grad():
        for name, layer in _named(network):
            layer.weight.copy_(state[f"{name}.weight"])
            layer.bias.copy_(state[f"{name}.bias"])


def _named(network: PolicyNetwork) -> list[tuple[str, nn.Linear]]:
    """The layers, with the names that rl-games gives them: it counts the activations too."""
    layers = [(i, layer) for i, layer in enumerate(network.layers) if isinstance(layer, nn.Linear)]
    return [*((f"{_ACTOR}.{i}", layer) for i, layer in layers[:-1]), (_LAST, layers[-1][1])]
