"""PPO by rl-games earns more the longer it learns; where rl-games is missing, one sentence says how to install it."""

import sys

import numpy as np
import pytest
import torch

from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.observation import PAPER_SIZE
from franka_imitation.learning.policy import PolicyNetwork
from franka_imitation.learning.ppo import learn_by_ppo
from franka_imitation.learning.ppo_config import PpoConfig
from rhov_core.errors import MissingDependencyError

TASK = TaskConfig(observation="paper", patience=2.0)


def learned(workshop, config):
    environment = workshop.environment(config.environments, TASK, workshop.task)
    torch.manual_seed(0)
    network = PolicyNetwork(PAPER_SIZE)
    figures = []
    learn_by_ppo(environment, network, config, 0, lambda number, values: figures.append(values))
    return network, figures


@pytest.mark.slow
def test_the_reward_grows(workshop):
    pytest.importorskip("rl_games")
    config = PpoConfig(
        steps=57_600, environments=128, horizon=15, mini_epochs=6, learning_rate=1e-3, gamma=0.97, kl_threshold=0.02
    )
    network, figures = learned(workshop, config)
    reward = np.array([values["reward"] for values in figures])
    assert len(reward) == config.epochs == 30
    assert reward[-8:].mean() > 1.2 * reward[:8].mean()  # eight updates are one episode
    assert network.mean.abs().max() > 0.1  # the normalisation was taken over too
    assert all(value.isfinite().all() for value in network.state_dict().values())


def test_a_missing_rl_games_is_named(workshop, monkeypatch):
    monkeypatch.setitem(sys.modules, "rl_games.torch_runner", None)
    with pytest.raises(MissingDependencyError, match="rl-games"):
        learned(workshop, PpoConfig(steps=2, environments=1, horizon=2))
