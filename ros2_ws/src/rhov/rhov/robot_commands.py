"""`rhov imitate` and `rhov replay --target sim`: the robot side as a library, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from franka_imitation import replay
from franka_imitation.config import ImitationConfig
from franka_imitation.imitate import imitate
from franka_imitation.placement import Placement
from franka_imitation.result import ImitationResult
from rhov.stages import StageProgress
from rhov_core.errors import InputError, PlanningError
from rhov_core.files import output_directory
from rhov_core.object_model import ObjectModel
from rhov_core.result_directory import TRAJECTORY
from rhov_core.trajectory import HandObjectTrajectory


def imitate_to_directory(
    trajectory: str | Path,
    mesh: str | Path,
    out: str | Path,
    robot: str = "panda",
    placement: str | Path | None = None,
    repair_mesh: bool = False,
    *,
    method: str = "plan",
    policy: str | Path | None = None,
) -> Iterator[str]:
    """Finds a robot motion for a reconstruction, tries it in simulation, saves it and yields how it went.

    Args:
        trajectory: A result folder or its trajectory.npz.
        mesh: The object's mesh file.
        out: Folder for the result.
        robot: Name of a robot or its YAML file.
        placement: placement.yaml; None: searched.
        repair_mesh: Close an open mesh instead of refusing it.
        method: "plan", or "policy" for the one in `policy`.
        policy: Folder of a training.

    Raises:
        InputError: If something that was given cannot be used.
        PlanningError: If there is no motion within the limits.
    """
    require_method(method, policy, placement)
    folder = output_directory(out)
    path = Path(trajectory)
    demonstration = HandObjectTrajectory.load(path / TRAJECTORY if path.is_dir() else path)
    model = ObjectModel.load(mesh, repair=repair_mesh)
    given = Placement.load(placement) if placement else None
    config = ImitationConfig(robot=robot)
    with StageProgress() as progress:

        def tell(stage: str, fraction: float) -> None:
            progress.update("imitate", fraction, stage)

        if policy is None:
            result = imitate(demonstration, model, config, given, progress=tell)
        else:
            from franka_imitation.learning.imitate_with_policy import imitate_with_policy

            result = imitate_with_policy(demonstration, model, policy, config, progress=tell)
        progress.done("imitate", result.sentence())
        result.save(folder, model, progress=lambda stage, fraction: progress.update("write", fraction, ""))
        progress.done("write")
    yield f"{result.sentence()} Results are in {folder}."


def replay_in_simulation(
    directory: str | Path, mesh: str | Path, speed: float, dry_run: bool, video: bool = True, feedback: bool = True
) -> Iterator[str]:
    """Sends a planned motion to a simulated robot through the same checks and controllers as to a real one.

    Args:
        directory: An imitation result.
        mesh: The object's mesh file.
        speed: Fraction of the planned speed.
        dry_run: Check everything, move nothing.
        video: Whether rollout.mp4 is made.
        feedback: Correct the motion by where the object is seen.

    Raises:
        InputError: If something that was given cannot be used.
        ReplayError: If the robot did not do what it was asked to.
        PlanningError: If the motion was refused; the message names joint, time and margin.
    """
    result, model = ImitationResult.load(directory), ObjectModel.load(mesh, repair=True)
    with StageProgress() as progress:
        outcome = replay.replay_in_simulation(
            result,
            model,
            replay.ReplayConfig(speed=speed, feedback=feedback),
            dry_run=dry_run,
            progress=lambda stage, fraction, message: progress.update("replay", fraction, message or stage),
        )
        progress.done("replay")
        if not dry_run:
            outcome.save(
                directory,
                model if video else None,
                progress=lambda stage, fraction: progress.update("write", fraction, ""),
            )
    if outcome.replayed.refusals:
        raise PlanningError(outcome.sentence())
    yield outcome.sentence()


def require_method(method: str, policy: str | Path | None, placement: str | Path | None) -> None:
    """Refuses methods that do not exist, and what does not go with one.

    Raises:
        InputError: Naming what does.
    """
    if method not in ("plan", "policy"):
        raise InputError(f"the method is '{method}'", "plan or policy", "correct --method")
    if (method == "policy") != (policy is not None):
        raise InputError(
            f"the method is '{method}' and the policy's folder '{policy or ''}'",
            "--method policy together with --policy",
            "give both or neither",
        )
    if policy is not None and placement is not None:
        raise InputError(
            "a placement was given to a policy", "the placement that it was trained with", "leave --placement out"
        )


def require_target(target: str) -> None:
    """Refuses replay targets that do not exist.

    Raises:
        InputError: Naming those that do.
    """
    if target != "sim":
        raise InputError(
            f"the replay target is '{target}'",
            "sim (for a robot under ROS 2 use `ros2 launch rhov replay.launch.py` and the action `replay`)",
            "give --target sim",
        )
