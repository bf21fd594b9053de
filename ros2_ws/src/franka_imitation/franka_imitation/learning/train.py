"""Trains a policy for one demonstration: plan it, learn from the planner's knowledge in closed loop, judge, export."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from franka_imitation.imitate import imitate
from franka_imitation.learning.checkpoint import Checkpoint
from franka_imitation.learning.clock import Clock
from franka_imitation.learning.config import NOTHING_RANDOM, Randomisation
from franka_imitation.learning.curves import Curves
from franka_imitation.learning.dagger import Lessons, collect, learn
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.evaluation import Evaluation, evaluate
from franka_imitation.learning.export import export_policy
from franka_imitation.learning.observation import observation_size
from franka_imitation.learning.policy import PLAN, Policy, PolicyNetwork
from franka_imitation.learning.ppo import require_rl_games
from franka_imitation.learning.ppo_stage import ppo_stage
from franka_imitation.learning.refinement import refine
from franka_imitation.learning.reward import RewardConfig
from franka_imitation.learning.seeds import mixed
from franka_imitation.learning.settings_file import claim, fingerprint, flat
from franka_imitation.learning.tasks import Tasks
from franka_imitation.learning.train_config import CHECKPOINTS, CURVES, Progress, TrainConfig
from franka_imitation.learning.workshop import Workshop
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.placement import Placement
from rhov_core.files import output_directory, read_json, write_json
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory

REPORT = "report.json"
_LAST_ROUNDS = 3
"""Rounds with a third of the learning rate."""
_HELD_OUT_SEED = 1_000_003
"""Added to the seed where tasks are drawn that are not trained on."""
_EPISODES = 64
"""By which a policy is judged on the demonstration alone."""


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
        where = f"In {plain['episodes']} episodes of new tasks" if plain["episodes"] > 1 else "On its own motion"
        text = (
            f"{where} the policy succeeds in {100 * plain['success_rate']:.0f} %, "
            f"and with other mass, friction, start and noise in {100 * hard['success_rate']:.0f} % of "
            f"{hard['episodes']} episodes (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
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
        MissingDependencyError: If PPO is wanted without rl-games.
    """
    config = config or TrainConfig()
    folder = output_directory(out)
    claim(folder, fingerprint(trajectory, object_model, asdict(config), placement), flat(asdict(TrainConfig())))
    if (folder / REPORT).is_file():
        return Training(Policy.load(folder), read_json(folder / REPORT))
    if config.learner == "ppo" or config.refine.steps:
        require_rl_games()
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
    refined = None
    if config.learner == "dagger" and config.refine.steps:
        environment = _environment(workshop, tasks, config, config.refine.environments)
        refined = refine(network, environment, workshop, tasks, config, folder, progress)
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
        "control_steps": sum(entry["control_steps"] for entry in history + (refined["updates"] if refined else [])),
        "rounds": history,
        "refinement": refined,
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
    if config.learner == "ppo":
        environment = _environment(workshop, tasks, config, config.ppo.environments)
        return _by_ppo(network, environment, config, folder, progress)
    environment = _environment(workshop, tasks, config, config.dagger.environments)
    with Curves(folder / CURVES) as curves:
        return _by_dagger(network, environment, config, folder, curves, progress)


def _environment(workshop: Workshop, tasks: Tasks, config: TrainConfig, count: int) -> Environment:
    """Where is learned."""
    return workshop.environment(
        count,
        config.task,
        tasks,
        config.randomisation,
        RewardConfig().without(config.without) if config.without else None,
        threads=config.threads,
        simulator=config.simulator,
    )


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
    clock = Clock(len(history), dagger.rounds)
    for number in range(len(history), dagger.rounds):
        progress("training", number / dagger.rounds, clock.remaining(number))
        environment.ease(config.curriculum.at(number / dagger.rounds))
        environment.seed(mixed(config.seed, number, 0))
        collected = collect(environment, network, dagger, number, mixed(config.seed, number, 1))
        lessons.append(collected.lessons)
        rate = dagger.learning_rate / (3 if number >= dagger.rounds - _LAST_ROUNDS else 1)
        for group in optimiser.param_groups:
            group["lr"] = rate
        everything = Lessons(
            torch.cat([part.observations for part in lessons]), torch.cat([part.actions for part in lessons])
        )
        last = number == dagger.rounds - 1
        loss = learn(network, optimiser, everything, dagger, last, mixed(config.seed, number, 2))
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
    network: PolicyNetwork, environment: Environment, config: TrainConfig, folder: Path, progress: Progress
) -> list[dict[str, Any]]:
    """From scratch, or from the last update that was kept."""
    return ppo_stage(
        environment,
        network,
        config.ppo,
        config.curriculum,
        config.seed,
        folder / CHECKPOINTS,
        folder / CURVES,
        lambda fraction, detail: progress("training", fraction, detail),
        goes_on=False,
    )


def held_out_tasks(workshop: Workshop, config: TrainConfig) -> Tasks:
    """Variations that are not trained on; the demonstration itself where there is none, or none is wanted."""
    tasks = workshop.tasks(config.held_out + 1, _HELD_OUT_SEED + config.seed, config.variation)
    return tasks.select(torch.arange(min(1, len(tasks) - 1), len(tasks)))  # the first is the demonstration's own


def _judge(policy: Policy, workshop: Workshop, config: TrainConfig) -> dict[str, Evaluation]:
    """Success without and with randomisation."""
    tasks = held_out_tasks(workshop, config)
    judged = {}
    for name, how in (("held_out", NOTHING_RANDOM), ("held_out_randomised", config.randomisation)):
        count = judged_episodes(config, tasks, how)
        environment = workshop.environment(
            count, config.task, tasks, how, seed=_HELD_OUT_SEED + config.seed, threads=config.threads
        )
        judged[name] = evaluate(environment, policy)
    return judged


def judged_episodes(config: TrainConfig, tasks: Tasks, how: Randomisation) -> int:
    """Two of each task; of the demonstration alone as many as differ."""
    if config.held_out:
        return 2 * len(tasks)
    return 1 if how == NOTHING_RANDOM else _EPISODES
