"""Earlier observations are shown beside the present one, and none of an earlier episode."""

import pytest
import torch

from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.history import History
from franka_imitation.learning.observation import PAPER_SIZE, observation_size


def shown(history, values):
    return [history.add(torch.tensor([[float(value)], [100.0 + value]])) for value in values]


def test_observations_of_other_moments_stand_side_by_side():
    seen = shown(History(2, 3, 2), range(6))
    assert seen[-1].tolist() == [[5, 3, 1], [105, 103, 101]]
    assert seen[1].tolist() == [[1, 0, 0], [101, 100, 100]]


def test_an_episode_that_begins_knows_nothing_of_the_one_before():
    history = History(2, 2, 1)
    shown(history, range(3))
    history.begin(torch.tensor([1]))
    assert shown(history, [3])[0].tolist() == [[3, 2], [103, 103]]


def test_without_history_the_observation_is_as_it_is():
    observation = torch.rand(2, 4)
    assert History(2, 1, 8).add(observation) is observation


@pytest.mark.parametrize("kind", ["guided", "paper"])
def test_the_environment_shows_as_much_as_the_network_expects(workshop, kind):
    config = TaskConfig(observation=kind, history=3)
    environment = workshop.environment(1, config, workshop.task)
    first = environment.reset()
    assert first.shape == (1, observation_size(config))
    size = observation_size(TaskConfig(observation=kind))
    step = environment.step(environment.expert())
    assert torch.equal(step.observation[:, size : 2 * size], first[:, :size])
    assert (size == PAPER_SIZE) == (kind == "paper")
