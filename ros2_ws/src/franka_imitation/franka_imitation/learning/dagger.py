"""DAgger: the policy acts, the expert says what it would have done, the policy learns from all of it.

Source: Ross, Gordon, Bagnell, A Reduction of Imitation Learning and Structured Prediction to No-Regret Online
Learning, AISTATS 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from franka_imitation.learning.dagger_config import DaggerConfig
from franka_imitation.learning.environment import ACTIONS, Environment
from franka_imitation.learning.policy import PolicyNetwork
from franka_imitation.robot import JOINTS

_EXPERT_SHARE = (1.0, 0.7, 0.4, 0.2, 0.1)
"""Part of the environments in which the expert acts in the first rounds; later none."""
_CHANGE_EVERY = 20
"""Control steps after which it is drawn anew where the expert acts."""
_NOISE = (0.05, 0.02)
"""Standard deviation of what is added to the actions in the first rounds and later, of the largest delta."""
_FINGER_WEIGHT = 0.05
_SHOULDER = 0.05
"""Errors of the actions count squared below this and linearly above."""


@dataclass(frozen=True)
class Lessons:
    """What was seen and what the expert would have done."""

    observations: Tensor
    """(M, O) float32"""
    actions: Tensor
    """(M, 8) float32"""


@dataclass(frozen=True)
class Collected:
    """A round of acting."""

    lessons: Lessons
    episodes: int
    success_rate: float
    """Of the episodes that ended; NaN without any."""
    reward: float
    """Mean of a step."""
    reward_terms: dict[str, float]
    """Its terms."""


def collect(
    environment: Environment, network: PolicyNetwork, config: DaggerConfig, number: int, seed: int
) -> Collected:
    """Acts for a round and asks the expert in each step.

    Args:
        environment: Is begun anew.
        network: The policy so far.
        config: How long.
        number: Of the round, from 0; decides how much the expert acts.
        seed: Of the choice of who acts and of the noise.
    """
    random = torch.Generator().manual_seed(seed)
    share = _EXPERT_SHARE[number] if number < len(_EXPERT_SHARE) else 0.0
    noise = _NOISE[0] if number < len(_EXPERT_SHARE) else _NOISE[1]
    observation = environment.reset()
    environment.term_sums.clear()
    seen, taught, successes = [], [], []
    expert_acts = torch.ones(environment.count, dtype=torch.bool)
    reward = 0.0
    for k in range(config.steps):
        label = environment.expert().float()
        seen.append(observation)
        taught.append(label)
        if k % _CHANGE_EVERY == 0:
            expert_acts = torch.rand(environment.count, generator=random) < share
        with torch.no_grad():
            action = torch.where(expert_acts[:, None], label, network(observation))
        action[:, :JOINTS] += noise * torch.randn(environment.count, ACTIONS - 1, generator=random)
        step = environment.step(action)
        observation = step.observation
        successes.append(step.ended.success)
        reward += float(step.reward.mean())
    ended = torch.cat(successes).double()
    lessons = Lessons(torch.cat(seen), torch.cat(taught))
    total = config.steps * environment.count
    terms = {name: value / total for name, value in environment.term_sums.items()}
    return Collected(lessons, len(ended), float(ended.mean()), reward / config.steps, terms)


def learn(
    network: PolicyNetwork,
    optimiser: torch.optim.Optimizer,
    lessons: Lessons,
    config: DaggerConfig,
    last: bool,
    seed: int,
) -> float:
    """Fits the network to all lessons so far; returns the mean loss of the last tenth of the steps."""
    random = torch.Generator().manual_seed(seed)
    network.normalise(lessons.observations)
    updates = config.updates * (3 if last else 1)
    batch = min(config.batch, len(lessons.actions))
    losses = []
    for _ in range(updates):
        rows = torch.randint(len(lessons.actions), (batch,), generator=random)
        error = network(lessons.observations[rows]) - lessons.actions[rows]
        arm = nn.functional.smooth_l1_loss(error[:, :JOINTS], torch.zeros_like(error[:, :JOINTS]), beta=_SHOULDER)
        loss = arm + _FINGER_WEIGHT * error[:, JOINTS].square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    tail = losses[-max(updates // 10, 1) :]
    return sum(tail) / len(tail)
