"""PPO after DAgger: from what the expert taught on by reward."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

from franka_imitation.learning.curriculum import Curriculum
from franka_imitation.learning.environment import Environment
from franka_imitation.learning.evaluation import Evaluation, evaluate
from franka_imitation.learning.policy import Policy, PolicyNetwork
from franka_imitation.learning.ppo_stage import ppo_stage
from franka_imitation.learning.seeds import mixed
from franka_imitation.learning.tasks import Tasks
from franka_imitation.learning.train_config import CHECKPOINTS, CURVES, Progress, TrainConfig
from franka_imitation.learning.workshop import Workshop


def refine(
    network: PolicyNetwork,
    environment: Environment,
    workshop: Workshop,
    tasks: Tasks,
    config: TrainConfig,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Learns on by reward, and keeps that only if it does more of the tasks that were trained on.

    Args:
        network: Taught by the expert; overwritten if the result is kept.
        environment: With `config.refine.environments` workplaces.
        workshop: Makes the environment in which both policies are compared, in MuJoCo.
        tasks: That were trained on.
        config: How.
        folder: Of the training.
        progress: Told how far it is.

    Returns:
        kept, figures before and after on randomised tasks that were trained on, and the figures of the updates.
    """
    refined = deepcopy(network)
    updates = ppo_stage(
        environment,
        refined,
        config.refine,
        Curriculum(config.curriculum.held_starts),
        config.seed,
        folder / CHECKPOINTS,
        folder / CURVES / "refinement",
        lambda fraction, detail: progress("refining", fraction, detail),
        goes_on=True,
    )
    judge = workshop.environment(
        2 * len(tasks), config.task, tasks, config.randomisation, seed=mixed(config.seed, 3), threads=config.threads
    )
    judged = []
    for candidate in (network, refined):
        judge.seed(mixed(config.seed, 4))
        policy = Policy(candidate.eval(), config.task, config.imitation.robot, workshop.object_model.name)
        judged.append(evaluate(judge, policy))
    kept = _is_better(judged[1], judged[0])
    if kept:
        network.load_state_dict(refined.state_dict())
    return {"kept": kept, "before": asdict(judged[0]), "after": asdict(judged[1]), "updates": updates}


def _is_better(after: Evaluation, before: Evaluation) -> bool:
    """Whether there are more successes, or as many and the object is nearer to where it should be."""
    if after.success_rate != before.success_rate:
        return after.success_rate > before.success_rate
    return after.position_error < before.position_error
