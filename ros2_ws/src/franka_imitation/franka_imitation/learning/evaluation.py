"""How well a policy does: one episode in each environment, time-outs and drops as failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from franka_imitation.learning.environment import Environment

Act = Callable[[Tensor], Tensor]
"""From observations (N, O) to actions (N, 8)."""
_CONFIDENCE = 1.96


@dataclass(frozen=True)
class Evaluation:
    """Figures of Table 5 of the paper, over `episodes`."""

    episodes: int
    success_rate: float
    success_low: float
    """Lower end of the 95 % interval (Wilson)."""
    success_high: float
    fraction_matched: float
    """Mean."""
    position_error: float
    """Mean over the episodes in which goals became due [m]; NaN without any."""
    rotation_error: float
    """The same [rad]."""
    total_reward: float
    """Mean of the episodes' sums."""


def evaluate(environment: Environment, act: Act) -> Evaluation:
    """Runs the first episode of every environment; task i % K in environment i.

    Only first episodes count: taking all that end would favour short ones.
    """
    count = environment.count
    observation = environment.reset(torch.arange(count) % environment.tasks)
    rows = torch.full((count, 5), torch.nan, dtype=torch.float64)
    open_ = torch.ones(count, dtype=torch.bool)
    while open_.any():
        step = environment.step(act(observation))
        observation, ended = step.observation, step.ended
        first = open_[ended.environment]
        columns = (
            ended.success.double(),
            ended.fraction_matched,
            ended.position_error,
            ended.rotation_error,
            ended.total_reward,
        )
        rows[ended.environment[first]] = torch.stack(columns, -1)[first]
        open_[ended.environment] = False
    means = [float(column.nanmean()) for column in rows.unbind(-1)]
    low, high = wilson(int(rows[:, 0].sum()), count)
    return Evaluation(count, means[0], low, high, *means[1:])


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a rate, which is sensible for few trials and rates near 0 and 1 too."""
    z2 = _CONFIDENCE**2
    rate = successes / trials
    middle = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _CONFIDENCE / (1 + z2 / trials) * (rate * (1 - rate) / trials + z2 / (4 * trials**2)) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)
