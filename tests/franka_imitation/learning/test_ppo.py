"""PPO by rl-games earns more the longer it learns, goes on from its last update and from a policy; without it, told."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from franka_imitation.config import ImitationConfig
from franka_imitation.learning import train as train_module
from franka_imitation.learning.config import NOTHING_RANDOM, TaskConfig
from franka_imitation.learning.curriculum import Curriculum
from franka_imitation.learning.dagger_config import DaggerConfig
from franka_imitation.learning.export import ONNX, TORCHSCRIPT
from franka_imitation.learning.observation import PAPER_SIZE
from franka_imitation.learning.policy import PLAN, PolicyNetwork
from franka_imitation.learning.ppo import learn_by_ppo
from franka_imitation.learning.ppo_checkpoint import PpoCheckpoint
from franka_imitation.learning.ppo_config import PpoConfig, refining
from franka_imitation.learning.ppo_stage import ppo_stage
from franka_imitation.learning.train import train
from franka_imitation.learning.train_config import TrainConfig
from rhov_core.errors import MissingDependencyError

TASK = TaskConfig(observation="paper", patience=2.0)
LESSONS = TrainConfig(
    imitation=ImitationConfig(up_in_camera=(0.0, -1.0, 0.0), candidates=1),
    task=TaskConfig(patience=1.0),
    dagger=DaggerConfig(rounds=2, environments=2, steps=8, updates=5, batch=16),
    tasks=1,
    held_out=1,
)
TINY = PpoConfig(steps=4 * 16 * 6, environments=4, horizon=16)


def learned(workshop, config, *, start=None, seed=0):
    environment = workshop.environment(config.environments, TASK, workshop.task)
    torch.manual_seed(0)
    network = PolicyNetwork(PAPER_SIZE) if start is None else start
    figures = []
    learn_by_ppo(
        environment,
        network,
        config,
        seed,
        lambda number, values, kept: figures.append(values),
        goes_on=start is not None,
    )
    return network, figures


def rewards(figures):
    return [values["reward"] for values in figures]


def same(first, second):
    return all(torch.equal(value, second[name]) for name, value in first.items())


class StoppedError(Exception):
    """As if the process had ended."""


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


def test_where_rl_games_is_missing_nothing_is_begun(carried_box, box, tmp_path, monkeypatch):
    monkeypatch.setattr("franka_imitation.learning.ppo.find_spec", lambda name: None)
    for config in (TrainConfig(learner="ppo"), TrainConfig(refine=refining(10))):
        with pytest.raises(MissingDependencyError, match="rl-games"):
            train(carried_box, box, tmp_path / config.learner, config)


def test_the_same_seed_gives_the_same_curve_and_another_seed_another(workshop):
    pytest.importorskip("rl_games")
    (first, curve), (again, same_curve), (_, other) = (learned(workshop, TINY, seed=seed) for seed in (0, 0, 1))
    assert rewards(curve) == rewards(same_curve) != rewards(other)
    assert same(first.state_dict(), again.state_dict())


def test_in_the_warm_up_only_the_critic_learns_and_the_anchor_holds(workshop):
    pytest.importorskip("rl_games")
    config = replace(refining(TINY.steps), environments=4, horizon=16, learning_rate=1e-3)

    def moved(config):
        torch.manual_seed(1)
        start = PolicyNetwork(PAPER_SIZE)
        start.mean += 0.1
        before = {name: value.clone() for name, value in start.state_dict().items()}
        after = learned(workshop, config, start=start)[0].state_dict()
        assert torch.allclose(after["mean"], before["mean"]) and torch.allclose(after["scale"], before["scale"])
        return float(sum((after[name] - value).square().sum() for name, value in before.items() if "weight" in name))

    assert moved(replace(config, warm_up=6)) == 0
    free, held = (moved(replace(config, warm_up=1, anchor=anchor)) for anchor in (0.0, 30.0))
    assert 0 < held < 0.7 * free


def test_a_training_that_was_stopped_goes_on_from_its_last_update(workshop, tmp_path):
    pytest.importorskip("rl_games")

    def stage(folder, stop=None, config=TINY):
        environment = workshop.environment(config.environments, TASK, workshop.task, NOTHING_RANDOM)
        torch.manual_seed(0)
        network = PolicyNetwork(PAPER_SIZE)

        def progress(fraction, detail):
            if stop is not None and fraction >= stop:
                raise StoppedError

        curriculum = Curriculum(held_starts=0.5, tolerance=3.0)
        history = ppo_stage(
            environment,
            network,
            config,
            curriculum,
            0,
            tmp_path / folder,
            tmp_path / "curves",
            progress,
            goes_on=False,
        )
        return network, history

    _, history = stage("whole")
    assert len(history) == TINY.epochs == 6
    with pytest.raises(StoppedError):
        stage("stopped", stop=0.5)
    state, before = PpoCheckpoint(tmp_path / "stopped").load()
    assert len(before) == state["epoch"] == 3
    assert rewards(before) == rewards(history)[:3]
    network, after = stage("stopped")
    assert len(after) == 6 and rewards(after)[:3] == rewards(before)
    state, _ = PpoCheckpoint(tmp_path / "stopped").load()
    assert state["epoch"] == 6
    assert same(network.state_dict(), stage("stopped")[0].state_dict())  # nothing is left to do
    steps = {int(entry["step"]) for entry in state["optimiser"]["state"].values()}
    assert steps == {6 * TINY.mini_epochs * TINY.minibatches}  # Adam went on too
    assert list((tmp_path / "curves").glob("events.out.tfevents.*"))


def test_ppo_after_the_expert_s_lessons_is_compared_with_them(
    carried_box, box, carried_box_result, tmp_path, monkeypatch
):
    pytest.importorskip("rl_games")
    monkeypatch.setattr(train_module, "_judge", lambda policy, workshop, config: {})
    carried_box_result.plan.save(tmp_path / PLAN)
    config = replace(LESSONS, refine=replace(refining(4 * 16 * 2), environments=4, horizon=16, warm_up=1))
    training = train(carried_box, box, tmp_path, config)
    refinement = training.report["refinement"]
    assert len(refinement["updates"]) == 2
    assert {"kept", "before", "after"} < refinement.keys()
    assert training.report["control_steps"] == 2 * 8 * 2 + 4 * 16 * 2
    assert (tmp_path / ONNX).is_file() and (tmp_path / TORCHSCRIPT).is_file()
    observation = torch.randn(3, training.policy.network.mean.numel())
    traced = torch.jit.load(str(tmp_path / TORCHSCRIPT))
    assert torch.allclose(traced(observation), training.policy(observation), atol=1e-6)
