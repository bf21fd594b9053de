"""What surrounds rl-games: the anchor, the transfer of weights, the checkpoint, the value of ends; without rl-games."""

import numpy as np
import pytest
import torch

from franka_imitation.learning.anchor import Anchor
from franka_imitation.learning.environment import Episodes, Step
from franka_imitation.learning.policy import PolicyNetwork
from franka_imitation.learning.ppo import Figures, worth_going_on
from franka_imitation.learning.ppo_checkpoint import STATE, PpoCheckpoint
from franka_imitation.learning.ppo_config import PpoConfig, refining
from franka_imitation.learning.ppo_weights import from_actor, to_actor
from rhov_core.errors import InputError


def network(seed):
    torch.manual_seed(seed)
    result = PolicyNetwork(5, 3)
    result.mean, result.scale = torch.randn(5), torch.rand(5) + 0.5
    return result


def test_the_anchor_is_the_divergence_of_the_actions():
    policy = network(0)
    observations, deviation = torch.randn(4, 5), torch.tensor([0.1, 0.2, 0.3])
    anchor = Anchor(policy, 2.0)
    before = policy(observations).detach()
    assert anchor.loss(observations, before, deviation) == 0
    moved = before + torch.tensor([0.1, 0.0, 0.6])
    distributions = [torch.distributions.Normal(mean, deviation) for mean in (moved, before)]
    expected = 2.0 * torch.distributions.kl_divergence(*distributions).sum(-1).mean()
    assert anchor.loss(observations, moved, deviation) == pytest.approx(float(expected), rel=1e-5)


def test_the_anchor_pulls_the_mean_but_not_the_deviation_and_stays_where_it_was():
    policy = network(0)
    anchor = Anchor(policy, 1.0)
    observations, deviation = torch.randn(4, 5), torch.full((3,), 0.1, requires_grad=True)
    with torch.no_grad():
        policy.layers[-1].bias += 0.2
    mean = policy(observations)
    anchor.loss(observations, mean, deviation).backward()
    assert (policy.layers[-1].bias.grad > 0).all()
    assert deviation.grad is None


def test_weights_come_back_from_rl_games_as_they_were():
    source, target = network(0), network(1)
    state = to_actor(source)
    assert {"a2c_network.actor_mlp.0.weight", "a2c_network.actor_mlp.4.bias", "a2c_network.mu.weight"} < state.keys()
    from_actor(state, target)
    observations = torch.randn(8, 5)
    assert torch.allclose(target(observations), source(observations), atol=1e-6)
    with torch.no_grad():
        source.layers[0].weight.zero_()
    assert not torch.allclose(target(observations), source(observations), atol=1e-2)


def test_a_checkpoint_is_read_as_it_was_written_and_damage_is_told(tmp_path):
    checkpoint = PpoCheckpoint(tmp_path / "checkpoints")
    assert checkpoint.load() == (None, [])
    parameter = torch.nn.Parameter(torch.randn(3))
    optimiser = torch.optim.Adam([parameter])
    parameter.sum().backward()
    optimiser.step()
    state = {"model": {"w": parameter.detach()}, "optimiser": optimiser.state_dict(), "epoch": 3, "learning_rate": 1e-4}
    history = [{"reward": 0.5, "success_rate": float("nan")}]
    checkpoint.save(state, history)
    loaded, told = checkpoint.load()
    assert torch.equal(loaded["model"]["w"], state["model"]["w"])
    assert torch.equal(loaded["optimiser"]["state"][0]["exp_avg"], optimiser.state_dict()["state"][0]["exp_avg"])
    assert loaded["epoch"] == 3 and told[0]["reward"] == 0.5 and np.isnan(told[0]["success_rate"])
    path = tmp_path / "checkpoints" / STATE
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        checkpoint.load()


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    torch.save({"state": {"epoch": Trap()}, "history": []}, tmp_path / STATE)
    with pytest.raises(InputError, match="cannot be read"):
        PpoCheckpoint(tmp_path).load()


def step(environment, success, timed_out):
    nothing = torch.zeros(4)
    one = torch.zeros(len(environment))
    ended = Episodes(torch.tensor(environment), torch.tensor(success), one, one, one, one)
    return Step(nothing, torch.tensor([1.0, 2, 3, 6]), nothing.bool(), torch.tensor(timed_out), ended)


def test_a_success_is_worth_what_going_on_would_be_and_a_drop_is_not():
    ends = step([0, 2, 3], [True, False, False], [False, False, False, True])
    assert worth_going_on(ends).tolist() == [True, False, False, True]


def test_figures_are_of_the_steps_since_they_were_taken():
    figures = Figures(4)
    figures.add(step([0, 1], [True, False], [False] * 4))
    figures.add(step([3], [True], [False] * 4))
    assert figures.taken() == {
        "control_steps": 8,
        "episodes": 3,
        "success_rate": pytest.approx(2 / 3),
        "reward": pytest.approx(3.0),
    }
    figures.add(step([1], [False], [False] * 4))
    assert figures.taken()["success_rate"] == 0


def test_updates_follow_from_the_steps():
    assert PpoConfig(steps=10_000, environments=10, horizon=20).epochs == 50
    assert PpoConfig(steps=1).epochs == 1
    assert refining().epochs == 0
    assert refining(64 * 32 * 7).epochs == 7
