"""`rhov train`: a policy for a reconstruction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from franka_imitation.config import ImitationConfig
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.curriculum import Curriculum
from franka_imitation.learning.dagger_config import DaggerConfig
from franka_imitation.learning.ppo_config import PpoConfig, refining
from franka_imitation.learning.reward import ABLATIONS
from franka_imitation.learning.simulator_config import SimulatorConfig, SimulatorName
from franka_imitation.learning.train import TrainConfig, train
from franka_imitation.placement import Placement
from rhov.stages import StageProgress
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.result_directory import TRAJECTORY
from rhov_core.trajectory import HandObjectTrajectory

OBSERVATIONS = ("guided", "paper")


@dataclass(frozen=True)
class TrainRequest:
    """What was asked for; see the help texts of the command."""

    trajectory: Path
    mesh: Path
    out: Path
    robot: str
    placement: Path | None
    observation: str
    from_scratch: bool
    without: str
    steps: int
    refine: int
    curriculum: tuple[float, float, float]
    """Part of held starts, first tolerance, first length."""
    rounds: int
    environments: int
    tasks: int
    held_out: int
    history: int
    simulator: str
    interpreter: str
    seed: int
    threads: int
    repair_mesh: bool


def train_to_directory(request: TrainRequest) -> Iterator[str]:
    """Trains a policy and yields how good it is.

    Raises:
        InputError: If something that was given cannot be used.
        PlanningError: If there is no motion from which could be learned.
    """
    if request.observation not in OBSERVATIONS:
        raise InputError(
            f"the observation is '{request.observation}'", " or ".join(OBSERVATIONS), "correct --observation"
        )
    if request.without and request.without not in ABLATIONS:
        raise InputError(f"the reward to leave out is '{request.without}'", ", ".join(ABLATIONS), "correct --without")
    if request.without and not (request.from_scratch or request.refine):
        raise InputError(
            "--without was given to a training that uses no reward", "--from-scratch or --refine", "add it"
        )
    if request.refine and request.from_scratch:
        raise InputError("--refine was given to --from-scratch, which is PPO already", "one of them", "use --steps")
    observation = cast(Literal["guided", "paper"], request.observation)
    simulator = SimulatorConfig(cast(SimulatorName, request.simulator), request.interpreter)
    path = request.trajectory
    demonstration = HandObjectTrajectory.load(path / TRAJECTORY if path.is_dir() else path)
    model = ObjectModel.load(request.mesh, repair=request.repair_mesh)
    placement = Placement.load(request.placement) if request.placement else None
    config = TrainConfig(
        imitation=ImitationConfig(robot=request.robot),
        task=TaskConfig(observation=observation, history=request.history),
        simulator=simulator,
        without=cast(Literal["", "velocity", "matched", "rotation"], request.without),
        learner="ppo" if request.from_scratch else "dagger",
        dagger=DaggerConfig(rounds=request.rounds, environments=request.environments or DaggerConfig().environments),
        ppo=PpoConfig(steps=request.steps, environments=request.environments or PpoConfig().environments),
        refine=refining(request.refine),
        curriculum=Curriculum(*request.curriculum),
        tasks=request.tasks,
        held_out=request.held_out,
        seed=request.seed,
        threads=request.threads,
    )
    with StageProgress() as progress:
        training = train(demonstration, model, request.out, config, placement, progress=progress.update)
        for stage in ("planning", "training", *(["refining"] if request.refine else []), "judging"):
            progress.done(stage)
    yield f"{training.sentence()} The policy is in {request.out}."
