"""PPO by rl-games, from scratch as in the paper (section 4.2, "Training").

rl-games is an extra (requirements/ppo.txt). Its own files, which are pickles, are made in a temporary folder and never
read; the network is taken from memory.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from franka_imitation.learning.environment import ACTIONS, Environment
from franka_imitation.learning.policy import HIDDEN, PolicyNetwork
from rhov_core.config import check_ranges, setting
from rhov_core.errors import MissingDependencyError

_NAME = "rhov"


@dataclass(frozen=True)
class PpoConfig:
    """How long and how PPO learns; names as in rl-games."""

    steps: int = setting(2_000_000, "control steps over all workplaces", low=1)
    environments: int = setting(256, "simulated workplaces", low=1)
    horizon: int = setting(32, "control steps of each workplace between two updates", low=2)
    mini_epochs: int = setting(4, "times that each step is learned from", low=1)
    minibatches: int = setting(4, "parts in which the steps of an update are learned from", low=1)
    gamma: float = setting(0.99, "discount of a step", low=0.0, high=1.0)
    tau: float = setting(0.95, "lambda of the generalised advantage estimate", low=0.0, high=1.0)
    learning_rate: float = setting(5e-4, "at the start; adapted to the divergence below", low=0.0)
    kl_threshold: float = setting(0.012, "wanted divergence of an update", low=0.0)
    clip: float = setting(0.2, "largest change of a probability ratio", low=0.0)
    log_deviation: float = setting(-1.0, "logarithm of the actions' standard deviation at the start")

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def epochs(self) -> int:
        """Updates."""
        return max(self.steps // (self.environments * self.horizon), 1)


def learn_by_ppo(
    environment: Environment,
    network: PolicyNetwork,
    config: PpoConfig,
    seed: int,
    on_epoch: Callable[[int, dict[str, Any]], None],
) -> None:
    """Trains a network from scratch; the network is overwritten.

    Args:
        environment: With `config.environments` workplaces.
        network: Receives the result, with the normalisation that was learned.
        config: How.
        seed: Of the first weights and of the sampled actions.
        on_epoch: Told the number of each update, from 1, and its figures: control_steps, episodes, success_rate,
            reward.

    Raises:
        MissingDependencyError: Without rl-games.
    """
    try:
        import gymnasium
        from rl_games.common import env_configurations, vecenv
        from rl_games.common.algo_observer import AlgoObserver
        from rl_games.torch_runner import Runner
    except ImportError as error:
        raise MissingDependencyError("rl-games", "PPO", "pip install -r requirements/ppo.txt") from error
    size = network.mean.numel()

    class Workplaces(vecenv.IVecEnv):  # type: ignore[misc]
        """The environment as rl-games wants it."""

        def __init__(self) -> None:
            self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float32)
            self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (ACTIONS,), np.float32)
            self.figures = _Figures(environment.count)

        def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
            step = environment.step(actions.detach())
            self.figures.add(step.reward, step.ended.success)
            return step.observation, step.reward.float(), step.done, {"time_outs": step.timed_out}

        def reset(self) -> Tensor:
            return environment.reset()

        def get_number_of_agents(self) -> int:
            return 1

        def get_env_info(self) -> dict[str, Any]:
            return {"observation_space": self.observation_space, "action_space": self.action_space, "agents": 1}

    workplaces = Workplaces()

    class Observer(AlgoObserver):  # type: ignore[misc]
        """Passes figures on and keeps the algorithm for its network."""

        def after_init(self, algo: Any) -> None:
            self.algo = algo

        def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
            with contextlib.redirect_stdout(outside):
                on_epoch(epoch_num, workplaces.figures.taken())

    vecenv.register(_NAME, lambda config_name, num_actors, **_: workplaces)
    env_configurations.register(_NAME, {"vecenv_type": _NAME, "env_creator": lambda **_: None})
    observer, outside = Observer(), sys.stdout
    runner = Runner(algo_observer=observer)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        runner.load(_recipe(config, seed, folder))
        runner.run({"train": True, "play": False})
    _take_over(network, observer.algo.model)


class _Figures:
    def __init__(self, count: int) -> None:
        self._count = count
        self._rewards: list[float] = []
        self._successes: list[Tensor] = []

    def add(self, reward: Tensor, success: Tensor) -> None:
        self._rewards.append(float(reward.mean()))
        self._successes.append(success)

    def taken(self) -> dict[str, Any]:
        """The figures since they were taken last."""
        ended = torch.cat(self._successes).double()
        figures = {
            "control_steps": len(self._rewards) * self._count,
            "episodes": len(ended),
            "success_rate": float(ended.mean()),
            "reward": float(np.mean(self._rewards)),
        }
        self._rewards, self._successes = [], []
        return figures


def _recipe(config: PpoConfig, seed: int, folder: str) -> dict[str, Any]:
    """What rl-games reads from a file elsewhere."""
    start = {"name": "const_initializer", "val": config.log_deviation}
    continuous = {
        "mu_activation": "None",
        "sigma_activation": "None",
        "mu_init": {"name": "default"},
        "sigma_init": start,
        "fixed_sigma": True,
    }
    algorithm = {
        "name": _NAME,
        "env_name": _NAME,
        "env_config": {},
        "train_dir": folder,
        "device": "cpu",
        "device_name": "cpu",
        "multi_gpu": False,
        "torch_compile": False,  # costs minutes and gains nothing for a network this small
        "ppo": True,
        "mixed_precision": False,
        "normalize_input": True,
        "normalize_value": True,
        "normalize_advantage": True,
        "value_bootstrap": True,
        "num_actors": config.environments,
        "reward_shaper": {"scale_value": 1.0},
        "gamma": config.gamma,
        "tau": config.tau,
        "learning_rate": config.learning_rate,
        "lr_schedule": "adaptive",
        "kl_threshold": config.kl_threshold,
        "max_epochs": config.epochs,
        "save_best_after": config.epochs + 1,
        "save_frequency": 0,
        "print_stats": False,
        "grad_norm": 1.0,
        "truncate_grads": True,
        "entropy_coef": 0.0,
        "e_clip": config.clip,
        "clip_value": True,
        "horizon_length": config.horizon,
        "minibatch_size": config.environments * config.horizon // config.minibatches,
        "mini_epochs": config.mini_epochs,
        "critic_coef": 2,
        "bounds_loss_coef": 1e-4,
    }
    network = {
        "name": "actor_critic",
        "separate": False,
        "space": {"continuous": continuous},
        "mlp": {"units": list(HIDDEN), "activation": "elu", "initializer": {"name": "default"}},
    }
    model = {"name": "continuous_a2c_logstd"}
    return {
        "params": {
            "seed": seed,
            "algo": {"name": "a2c_continuous"},
            "model": model,
            "network": network,
            "config": algorithm,
        }
    }


def _take_over(network: PolicyNetwork, model: Any) -> None:
    """Copies mean, scale and weights of the actor of rl-games."""
    seen = model.running_mean_std
    network.mean = seen.running_mean.float().clone()
    network.scale = torch.sqrt(seen.running_var.float() + seen.epsilon)
    actor = model.a2c_network
    sources = [layer for layer in actor.actor_mlp if isinstance(layer, torch.nn.Linear)] + [actor.mu]
    targets = [layer for layer in network.layers if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for source, target in zip(sources, targets, strict=True):
            target.weight.copy_(source.weight)
            target.bias.copy_(source.bias)
