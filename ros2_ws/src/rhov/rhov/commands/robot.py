"""Commands about the robot: plan, train, replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from franka_imitation.learning.train_config import TrainConfig
from rhov.commands.options import Mesh, Out, Placement, RepairMesh, Result, Robot
from rhov.graph import PipelineArguments

robot_app = typer.Typer()
_DEFAULTS, _TRAIN = PipelineArguments(), TrainConfig()


@robot_app.command()
def imitate(
    trajectory: Result,
    mesh: Mesh,
    robot: Robot = _DEFAULTS.robot,
    placement: Placement = None,
    method: Annotated[str, typer.Option(help="plan, or policy: what `rhov train` left in --policy.")] = "plan",
    policy: Annotated[Path | None, typer.Option(help="Folder of a `rhov train`, for --method policy.")] = None,
    repair_mesh: RepairMesh = False,
    out: Out = Path("out/imitation"),
) -> None:
    """Find a robot motion that makes the object follow a reconstruction, and simulate it."""
    from rhov.robot_commands import imitate_to_directory

    for line in imitate_to_directory(
        trajectory, mesh, out, robot, placement, repair_mesh, method=method, policy=policy
    ):
        print(line)


@robot_app.command()
def train(
    trajectory: Result,
    mesh: Mesh,
    robot: Robot = _DEFAULTS.robot,
    placement: Placement = None,
    observation: Annotated[
        str, typer.Option(help="What the policy sees: guided, or paper for only what the paper's sees.")
    ] = _TRAIN.task.observation,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Only by reward, with PPO, as in the paper; needs rl-games.")
    ] = False,
    without: Annotated[
        str, typer.Option(help="Reward that --from-scratch leaves out: velocity, matched or rotation.")
    ] = "",
    steps: Annotated[int, typer.Option(help="Control steps of --from-scratch.", min=1)] = _TRAIN.ppo.steps,
    refine: Annotated[
        int, typer.Option(help="Control steps of PPO after the expert's lessons; 0: none. Needs rl-games.", min=0)
    ] = 0,
    held_starts: Annotated[
        float, typer.Option(help="Part of the episodes that begin in the middle, object in hand.", min=0, max=1)
    ] = _TRAIN.curriculum.held_starts,
    first_tolerance: Annotated[
        float, typer.Option(help="At first, goals are matched within so many times the errors.", min=1)
    ] = _TRAIN.curriculum.tolerance,
    first_length: Annotated[
        float, typer.Option(help="At first, so much of the motion is an episode.", min=0.05, max=1)
    ] = _TRAIN.curriculum.length,
    rounds: Annotated[
        int, typer.Option(help="Rounds of acting and learning, if not from scratch.", min=1)
    ] = _TRAIN.dagger.rounds,
    environments: Annotated[int, typer.Option(help="Simulated workplaces; 0: 64, from scratch 256.", min=0)] = 0,
    tasks: Annotated[int, typer.Option(help="Variations of the motion to train on.", min=1)] = _TRAIN.tasks,
    held_out: Annotated[
        int, typer.Option(help="Other variations to judge by; 0: the motion itself.", min=0)
    ] = _TRAIN.held_out,
    history: Annotated[
        int, typer.Option(help="Moments that the policy sees side by side.", min=1, max=16)
    ] = _TRAIN.task.history,
    simulator: Annotated[
        str, typer.Option(help="Where it learns: mujoco, mujoco_worker, mujoco_warp, isaac_gym.")
    ] = _TRAIN.simulator.name,
    interpreter: Annotated[
        str, typer.Option(help="Python with Isaac Gym, for --simulator isaac_gym.")
    ] = _TRAIN.simulator.interpreter,
    seed: Annotated[int, typer.Option(help="Of everything random.", min=0)] = _TRAIN.seed,
    threads: Annotated[int, typer.Option(help="Of the simulator; 0: as many as processors.", min=0)] = _TRAIN.threads,
    repair_mesh: RepairMesh = False,
    out: Out = Path("out/policy"),
) -> None:
    """Train a policy in simulation to make the object follow a reconstruction. Run it again to go on after a stop."""
    from rhov.train_policy import TrainRequest, train_to_directory

    request = TrainRequest(
        trajectory=trajectory,
        mesh=mesh,
        out=out,
        robot=robot,
        placement=placement,
        observation=observation,
        from_scratch=from_scratch,
        without=without,
        steps=steps,
        refine=refine,
        curriculum=(held_starts, first_tolerance, first_length),
        rounds=rounds,
        environments=environments,
        tasks=tasks,
        held_out=held_out,
        history=history,
        simulator=simulator,
        interpreter=interpreter,
        seed=seed,
        threads=threads,
        repair_mesh=repair_mesh,
    )
    for line in train_to_directory(request):
        print(line)


@robot_app.command(name="train-clips", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def train_clips(
    context: typer.Context,
    clips: Annotated[Path, typer.Argument(help="YAML list: trajectory, mesh, and if wanted name and placement.")],
    jobs: Annotated[int, typer.Option(help="Trainings at a time; 0: as many as processors.", min=0)] = 0,
    ray: Annotated[str, typer.Option(help="Train on a Ray cluster: local, auto or ray://HOST:PORT. Needs ray.")] = "",
    out: Out = Path("out/policies"),
) -> None:
    """Train a policy for each reconstruction of a list; options of `rhov train` hold for all. Run it again to go on."""
    from rhov.train_clips import read_clips, train_clips

    for line in train_clips(read_clips(clips), out, context.args, jobs, ray):
        print(line)


@robot_app.command()
def replay(
    directory: Annotated[Path, typer.Argument(help="The folder of an imitation.")],
    mesh: Mesh,
    target: Annotated[str, typer.Option(help="Where to replay: sim.")] = "sim",
    speed: Annotated[float, typer.Option(help="Fraction of the planned speed.", min=0.01, max=1.0)] = 1.0,
    dry_run: Annotated[bool, typer.Option(help="Check everything, move nothing.")] = False,
    feedback: Annotated[bool, typer.Option(help="Correct the motion by where the object is seen.")] = True,
) -> None:
    """Replay a planned motion on a simulated robot, through the checks and controllers of a real one."""
    from rhov.robot_commands import replay_in_simulation, require_target

    require_target(target)
    for line in replay_in_simulation(directory, mesh, speed, dry_run, feedback=feedback):
        print(line)
