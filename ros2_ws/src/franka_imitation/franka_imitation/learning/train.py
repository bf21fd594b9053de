"""Trains a policy for one demonstration: plan it, learn from the planner's knowledge in closed loop, judge, export."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from franka_imitation.config import ImitationConfig
from franka_imitation.imitate import imitate
from franka_imitation.learning.checkpoint import Checkpoint
from franka_imitation.learning.config import NOTHING_RANDOM, Randomisation, TaskConfig
from franka_imitation.learning.curves import Curves
from franka_imitation.learning.dagger import DaggerConfig, Lessons, collect, learn
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.evaluation import Evaluation, evaluate
from franka_imitation.learning.export import export_policy
from franka_imitation.learning.observation import observation_size
from franka_imitation.learning.policy import PLAN, Policy, PolicyNetwork
from franka_imitation.learning.ppo import PpoConfig, learn_by_ppo
from franka_imitation.learning.reward import RewardConfig
from franka_imitation.learning.settings_file import claim, fingerprint
from franka_imitation.learning.simulators import SimulatorConfig
from franka_imitation.learning.tasks import Tasks
from franka_imitation.learning.variations import VariationConfig
from franka_imitation.learning.workshop import Workshop
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.placement import Placement
from rhov_core.config import check_ranges, setting
from rhov_core.files import output_directory, read_json, write_json
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory

REPORT, CHECKPOINTS, CURVES = "report.json", "checkpoints", "curves"
_LAST_ROUNDS = 3
"""Rounds with a third of the learning rate."""
_HELD_OUT_SEED = 1_000_003
"""Added to the seed where tasks are drawn that are not trained on."""

Progress = Callable[[str, float, str], None]
"""Receives the stage ("planning", "training", "judging"), the done fraction of it and a few words."""


@dataclass(frozen=True)
class TrainConfig:
    """How a policy is trained and judged."""

    imitation: ImitationConfig = field(default_factory=ImitationConfig)
    task: TaskConfig = field(default_factory=TaskConfig)
    randomisation: Randomisation = field(default_factory=Randomisation)
    variation: VariationConfig = field(default_factory=VariationConfig)
    without: Literal["", "velocity", "matched", "rotation"] = setting("", "reward that is left out, as in Table 5")
    simulator: SimulatorConfig = field(default_factory=SimulatorConfig)
    learner: Literal["dagger", "ppo"] = setting("dagger", "from the expert, or from scratch as in the paper")
    dagger: DaggerConfig = field(default_factory=DaggerConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    tasks: int = setting(48, "variations of the demonstration to train on", low=1)
    held_out: int = setting(32, "other variations to judge by", low=1)
    seed: int = setting(0, "of everything random; the same seed gives the same policy", low=0)
    threads: int = setting(1, "of the simulator; 0: as many as processors", low=0)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class Training:
    """What a training led to."""

    policy: Policy
    report: dict[str, Any] = field(repr=False)
    """The content of report.json."""

    def sentence(self) -> str:
        """One sentence for a person."""
        plain, hard = self.report["held_out"], self.report["held_out_randomised"]
        low, high = hard["success_low"], hard["success_high"]
        text = (
            f"In {plain['episodes']} episodes of new tasks the policy succeeds in {100 * plain['success_rate']:.0f} %, "
            f"and with other mass, friction, start and noise in {100 * hard['success_rate']:.0f} % (95 % interval "
            f"{100 * low:.0f} to {100 * high:.0f} %)"
        )
        if not plain["fraction_matched"]:
            return f"{text}; it brings the object nowhere."
        return f"{text}, with {1e3 * plain['position_error']:.1f} mm and {plain['rotation_error']:.3f} rad."


def train(
    trajectory: HandObjectTrajectory,
    object_model: ObjectModel,
    out: str | Path,
    config: TrainConfig | None = None,
    placement: Placement | None = None,
    *,
    progress: Progress = lambda stage, fraction, detail: None,
) -> Training:
    """Trains a policy; goes on where a training with the same settings into the same folder was interrupted.

    Args:
        trajectory: The reconstruction.
        object_model: Its object.
        out: Folder for plan, policy, exports, curves, checkpoints and, last, report.json.
        config: How to train.
        placement: As for `imitate`.
        progress: Told which fraction of a stage is done.

    Raises:
        InputError: If the folder holds a training with other settings, or something given cannot be used.
        PlanningError: If no motion exists from which could be learned.
    """
    config = config or TrainConfig()
    folder = output_directory(out)
    claim(folder, fingerprint(trajectory, object_model, asdict(config), placement))
    if (folder / REPORT).is_file():
        return Training(Policy.load(folder), read_json(folder / REPORT))
    started = time.perf_counter()
    if not (folder / PLAN).is_file():
        planned = imitate(
            trajectory,
            object_model,
            config.imitation,
            placement,
            progress=lambda stage, fraction: progress("planning", fraction, stage),
        )
        planned.plan.save(folder / PLAN)
    progress("planning", 1.0, "")
    workshop = Workshop(trajectory, object_model, MotionPlan.load(folder / PLAN), config.imitation)
    torch.manual_seed(config.seed)
    network = PolicyNetwork(observation_size(config.task))
    tasks = workshop.tasks(config.tasks, config.seed, config.variation)
    history = _learn(network, workshop, tasks, config, folder, progress)
    policy = Policy(network.eval(), config.task, config.imitation.robot, object_model.name)
    progress("judging", 0.0, "")
    judged = _judge(policy, workshop, config)
    progress("judging", 1.0, "")
    policy.save(folder)
    export_policy(network, folder)
    report = {
        **{name: asdict(value) for name, value in judged.items()},
        "learner": config.learner,
        "observation": config.task.observation,
        "history": config.task.history,
        "without": config.without,
        "training_tasks": len(tasks),
        "control_steps": sum(entry["control_steps"] for entry in history),
        "rounds": history,
        "wall_seconds": time.perf_counter() - started,
    }
    write_json(folder / REPORT, report)
    Checkpoint(folder / CHECKPOINTS).remove()
    return Training(policy, report)


def _learn(
    network: PolicyNetwork,
    workshop: Workshop,
    tasks: Tasks,
    config: TrainConfig,
    folder: Path,
    progress: Progress,
) -> list[dict[str, Any]]:
    """All rounds; returns the figures of each."""
    by_ppo = config.learner == "ppo"
    count = config.ppo.environments if by_ppo else config.dagger.environments
    environment = workshop.environment(
        count,
        config.task,
        tasks,
        config.randomisation,
        RewardConfig().without(config.without) if config.without else None,
        threads=config.threads,
        simulator=config.simulator,
    )
    with Curves(folder / CURVES) as curves:
        if by_ppo:
            return _by_ppo(network, environment, config, curves, progress)
        return _by_dagger(network, environment, config, folder, curves, progress)


def _by_dagger(
    network: PolicyNetwork,
    environment: Environment,
    config: TrainConfig,
    folder: Path,
    curves: Curves,
    progress: Progress,
) -> list[dict[str, Any]]:
    """From the last round that was finished."""
    dagger = config.dagger
    optimiser = torch.optim.Adam(network.parameters(), dagger.learning_rate)
    checkpoint = Checkpoint(folder / CHECKPOINTS)
    lessons, history = checkpoint.load(network, optimiser)
    clock = _Clock(len(history), dagger.rounds)
    for number in range(len(history), dagger.rounds):
        progress("training", number / dagger.rounds, clock.remaining(number))
        environment.seed(_mixed(config.seed, number, 0))
        collected = collect(environment, network, dagger, number, _mixed(config.seed, number, 1))
        lessons.append(collected.lessons)
        rate = dagger.learning_rate / (3 if number >= dagger.rounds - _LAST_ROUNDS else 1)
        for group in optimiser.param_groups:
            group["lr"] = rate
        everything = Lessons(
            torch.cat([part.observations for part in lessons]), torch.cat([part.actions for part in lessons])
        )
        last = number == dagger.rounds - 1
        loss = learn(network, optimiser, everything, dagger, last, _mixed(config.seed, number, 2))
        entry = {
            "control_steps": dagger.steps * dagger.environments,
            "episodes": collected.episodes,
            "success_rate": collected.success_rate,
            "reward": collected.reward,
            "loss": loss,
        }
        history.append(entry)
        curves.add(number, {**entry, **collected.reward_terms})
        checkpoint.save(number, network, optimiser, collected.lessons, history)
    progress("training", 1.0, "")
    return history


def _by_ppo(
    network: PolicyNetwork, environment: Environment, config: TrainConfig, curves: Curves, progress: Progress
) -> list[dict[str, Any]]:
    """In one go: PPO has no checkpoints."""
    history: list[dict[str, Any]] = []
    clock = _Clock(0, config.ppo.epochs)

    def on_epoch(number: int, figures: dict[str, Any]) -> None:
        history.append(figures)
        total = figures["control_steps"]
        terms = {name: value / total for name, value in environment.term_sums.items()}
        environment.term_sums.clear()
        curves.add(number, {**figures, **terms})
        progress("training", number / config.ppo.epochs, clock.remaining(number))

    environment.seed(_mixed(config.seed, 0, 0))
    learn_by_ppo(environment, network, config.ppo, config.seed, on_epoch)
    return history


def held_out_tasks(workshop: Workshop, config: TrainConfig) -> Tasks:
    """Variations that are not trained on; the demonstration itself where there is none."""
    tasks = workshop.tasks(config.held_out + 1, _HELD_OUT_SEED + config.seed, config.variation)
    return tasks.select(torch.arange(min(1, len(tasks) - 1), len(tasks)))  # the first is the demonstration's own


def _judge(policy: Policy, workshop: Workshop, config: TrainConfig) -> dict[str, Evaluation]:
    """Success on tasks that were not trained on, without and with randomisation."""
    tasks = held_out_tasks(workshop, config)
    judged = {}
    for name, how in (("held_out", NOTHING_RANDOM), ("held_out_randomised", config.randomisation)):
        environment = workshop.environment(
            2 * len(tasks), config.task, tasks, how, seed=_HELD_OUT_SEED + config.seed, threads=config.threads
        )
        judged[name] = evaluate(environment, policy)
    return judged


def _mixed(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class _Clock:
    """Guesses how long rounds will still take."""

    def __init__(self, done: int, rounds: int) -> None:
        self._begun, self._done, self._rounds = time.perf_counter(), done, rounds

    def remaining(self, number: int) -> str:
        """What to tell after `number` rounds."""
        if number <= self._done:
            return ""
        each = (time.perf_counter() - self._begun) / (number - self._done)
        seconds = each * (self._rounds - number)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"
