"""A training by PPO as a stage of `train`: resumable, with curves, progress and a curriculum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from franka_imitation.learning.clock import Clock
from franka_imitation.learning.curriculum import Curriculum
from franka_imitation.learning.curves import Curves
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.policy import PolicyNetwork
from franka_imitation.learning.ppo import learn_by_ppo
from franka_imitation.learning.ppo_checkpoint import PpoCheckpoint
from franka_imitation.learning.ppo_config import PpoConfig
from franka_imitation.learning.ppo_weights import from_actor
from franka_imitation.learning.seeds import mixed


def ppo_stage(
    environment: Environment,
    network: PolicyNetwork,
    config: PpoConfig,
    curriculum: Curriculum,
    seed: int,
    checkpoints: Path,
    curves: Path,
    progress: Callable[[float, str], None],
    *,
    goes_on: bool,
) -> list[dict[str, Any]]:
    """Trains a network by PPO from the last update that was kept, and returns the figures of all updates.

    Args:
        environment: With `config.environments` workplaces.
        network: Overwritten.
        config: How.
        curriculum: How easy the episodes are.
        seed: Of everything random.
        checkpoints: Folder for what an interrupted training goes on from.
        curves: Folder for TensorBoard.
        progress: Told the done fraction and a few words.
        goes_on: Begin with the network's weights, not with random ones.

    Raises:
        MissingDependencyError: Without rl-games.
        InputError: If the checkpoint is damaged.
    """
    checkpoint = PpoCheckpoint(checkpoints)
    state, history = checkpoint.load()
    if state is not None and len(history) >= config.epochs:
        from_actor(state["model"], network)
        return history
    clock = Clock(len(history), config.epochs)
    environment.seed(mixed(seed, len(history), 0))
    environment.ease(curriculum.at(len(history) / config.epochs))
    environment.term_sums.clear()
    progress(len(history) / config.epochs, "")
    with Curves(curves) as writer:

        def on_update(number: int, figures: dict[str, Any], kept: Callable[[], dict[str, Any]]) -> None:
            history.append(figures)
            terms = {name: value / figures["control_steps"] for name, value in environment.term_sums.items()}
            environment.term_sums.clear()
            difficulty = curriculum.at(number / config.epochs)
            environment.ease(difficulty)
            writer.add(number, {**figures, **terms, **{f"curriculum/{k}": v for k, v in asdict(difficulty).items()}})
            checkpoint.save(kept(), history)
            progress(number / config.epochs, clock.remaining(number))

        learn_by_ppo(environment, network, config, seed, on_update, goes_on=goes_on, state=state)
    return history
