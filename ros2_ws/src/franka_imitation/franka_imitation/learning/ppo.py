"""PPO by rl-games: from scratch as in the paper (section 4.2, "Training"), or from a policy on.

rl-games is an extra (requirements/ppo.txt). Its own files, which are pickles, are not written; what a training goes on
from is handed out as tensors and numbers.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from franka_imitation.learning.environment import ACTIONS, Environment, Step
from franka_imitation.learning.policy import PolicyNetwork
from franka_imitation.learning.ppo_config import PpoConfig
from franka_imitation.learning.ppo_recipe import AGENT, NAME, recipe
from franka_imitation.learning.ppo_weights import from_actor
from rhov_core.errors import MissingDependencyError

OnUpdate = Callable[[int, dict[str, Any], Callable[[], dict[str, Any]]], None]
"""Told the number of each update, from 1, its figures, and a function that returns the state to go on from."""


def require_rl_games() -> None:
    """Tells at once what would be missing after a long wait.

    Raises:
        MissingDependencyError: Without rl-games.
    """
    if find_spec("rl_games") is None:
        raise _missing()


def learn_by_ppo(
    environment: Environment,
    network: PolicyNetwork,
    config: PpoConfig,
    seed: int,
    on_update: OnUpdate,
    *,
    goes_on: bool = False,
    state: dict[str, Any] | None = None,
) -> None:
    """Trains a network; it is overwritten.

    Args:
        environment: With `config.environments` workplaces; its episodes are begun anew.
        network: Receives the result, with the normalisation that was learned or, if it goes on, with its own.
        config: How.
        seed: Of the first weights and of the sampled actions.
        on_update: See `OnUpdate`; the figures are control_steps, episodes, success_rate, reward.
        goes_on: Begin with the network's weights, not with random ones.
        state: Go on from here.

    Raises:
        MissingDependencyError: Without rl-games.
    """
    try:
        import gymnasium
        from rl_games.common import env_configurations, vecenv
        from rl_games.common.algo_observer import AlgoObserver
        from rl_games.torch_runner import Runner

        from franka_imitation.learning.ppo_agent import Agent
    except ImportError as error:
        raise _missing() from error

    class Workplaces(vecenv.IVecEnv):  # type: ignore[misc]
        """The environment as rl-games wants it."""

        def __init__(self) -> None:
            self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (network.mean.numel(),), np.float32)
            self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (ACTIONS,), np.float32)
            self.figures = Figures(environment.count)

        def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
            step = environment.step(actions.detach())
            self.figures.add(step)
            return step.observation, step.reward.float(), step.done, {"time_outs": worth_going_on(step)}

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
                on_update(epoch_num, workplaces.figures.taken(), self.algo.kept)

    vecenv.register(NAME, lambda config_name, num_actors, **_: workplaces)
    env_configurations.register(NAME, {"vecenv_type": NAME, "env_creator": lambda **_: None})
    observer, outside = Observer(), sys.stdout
    start = network if goes_on else None
    runner = Runner(algo_observer=observer)
    runner.algo_factory.register_builder(AGENT, lambda **given: Agent(**given, how=config, start=start, state=state))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        runner.load(recipe(config, seed, folder, goes_on=goes_on))
        runner.run({"train": True, "play": False})
    from_actor(observer.algo.model.state_dict(), network)


def _missing() -> MissingDependencyError:
    return MissingDependencyError("rl-games", "PPO", "pip install -r requirements/ppo.txt")


def worth_going_on(step: Step) -> Tensor:
    """(N,) where an episode ended though nothing was lost: its end is worth what going on there would have been.

    Time-outs, as usual. Successes too: if all reward ended with the last goal, a policy would learn not to reach it.
    """
    going_on = step.timed_out.clone()
    going_on[step.ended.environment] |= step.ended.success
    return going_on


class Figures:
    """Of the steps between two updates.

    Args:
        count: Of workplaces.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._rewards: list[float] = []
        self._successes: list[Tensor] = []

    def add(self, step: Step) -> None:
        """Counts a step."""
        self._rewards.append(float(step.reward.mean()))
        self._successes.append(step.ended.success)

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
