"""The `rhov` command: the same words as in the documentation, one function per subcommand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from rhov import environment

environment.apply()  # before anything is imported that reads it

import typer  # noqa: E402

from rhov.graph import PipelineArguments, build_graph, parse_box  # noqa: E402
from rhov_core.errors import InputError, RhovError  # noqa: E402

app = typer.Typer(
    name="rhov",
    help="From a video of a hand with an object to a robot that moves the object the same way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

benchmark_app = typer.Typer(help="Measure RHOV on many clips.", no_args_is_help=True)
app.add_typer(benchmark_app, name="benchmark")

INTERRUPTED = 130
"""Exit status after Ctrl-C."""
_DEFAULTS = PipelineArguments()
Mesh = Annotated[Path, typer.Option(help="Mesh of the object in metres (.obj, .stl, .ply, .glb).")]
Out = Annotated[Path, typer.Option(help="Folder for the results.")]
Robot = Annotated[str, typer.Option(help="Robot: panda or fr3, or a robot YAML.")]
Placement = Annotated[Path | None, typer.Option(help="placement.yaml with T_table_camera; searched if missing.")]
Result = Annotated[Path, typer.Argument(help="A result folder or its trajectory.npz.")]
RepairMesh = Annotated[bool, typer.Option(help="Close an open mesh instead of refusing it.")]


@app.command()
def reconstruct(
    video: Annotated[Path, typer.Argument(help="The video file.")],
    mesh: Mesh,
    camera: Annotated[Path | None, typer.Option(help="Calibration: a ROS camera_info YAML.")] = None,
    focal: Annotated[float, typer.Option(help="Focal length [pixel]; 0: guess 1.2 x the larger image side.")] = 0.0,
    box: Annotated[
        str, typer.Option(help="Box around the object in the first used frame: x,y,width,height [pixel].")
    ] = "",
    pose: Annotated[Path | None, typer.Option(help="JSON with the object's pose in the first used frame.")] = None,
    start: Annotated[int, typer.Option(help="First frame to use.", min=0)] = 0,
    count: Annotated[int, typer.Option(help="Number of frames; 0: all.", min=0)] = 0,
    cues: Annotated[
        Path | None, typer.Option(help="Cues directory of another model's masks, depth, hands, flow.")
    ] = None,
    repair_mesh: RepairMesh = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew where a run was interrupted before.")] = False,
    out: Out = Path("out/reconstruction"),
) -> None:
    """Reconstruct the hand and the object of a video over time. Run it again to go on after a stop."""
    from rhov.reconstruct import reconstruct_to_directory
    from rhov.request import ReconstructRequest

    numbers = parse_box(box)
    request = ReconstructRequest(
        video=video,
        mesh=mesh,
        out=out,
        camera_file=camera,
        focal=focal,
        box=(numbers[0], numbers[1], numbers[2], numbers[3]) if numbers else None,
        pose_file=pose,
        start=start,
        count=count,
        cues=cues,
        repair_mesh=repair_mesh,
    )
    for line in reconstruct_to_directory(request, fresh=fresh):
        print(line)


@app.command()
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


@app.command()
def train(
    trajectory: Result,
    mesh: Mesh,
    robot: Robot = _DEFAULTS.robot,
    placement: Placement = None,
    observation: Annotated[
        str, typer.Option(help="What the policy sees: guided, or paper for only what the paper's sees.")
    ] = "guided",
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Only by reward, with PPO, as in the paper; needs rl-games.")
    ] = False,
    without: Annotated[
        str, typer.Option(help="Reward that --from-scratch leaves out: velocity, matched or rotation.")
    ] = "",
    steps: Annotated[int, typer.Option(help="Control steps of --from-scratch.", min=1)] = 2_000_000,
    rounds: Annotated[int, typer.Option(help="Rounds of acting and learning, if not from scratch.", min=1)] = 8,
    environments: Annotated[int, typer.Option(help="Simulated workplaces; 0: 64, from scratch 256.", min=0)] = 0,
    tasks: Annotated[int, typer.Option(help="Variations of the motion to train on.", min=1)] = 48,
    held_out: Annotated[int, typer.Option(help="Other variations to judge by.", min=1)] = 32,
    history: Annotated[int, typer.Option(help="Moments that the policy sees side by side.", min=1, max=16)] = 1,
    simulator: Annotated[str, typer.Option(help="Where it learns: mujoco, mujoco_worker, isaac_gym.")] = "mujoco",
    interpreter: Annotated[str, typer.Option(help="Python with Isaac Gym, for --simulator isaac_gym.")] = "",
    seed: Annotated[int, typer.Option(help="Of everything random.", min=0)] = 0,
    threads: Annotated[int, typer.Option(help="Of the simulator; 0: as many as processors.", min=0)] = 0,
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


@app.command(name="train-clips", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def train_clips(
    context: typer.Context,
    clips: Annotated[Path, typer.Argument(help="YAML list: trajectory, mesh, and if wanted name and placement.")],
    jobs: Annotated[int, typer.Option(help="Trainings at a time; 0: as many as processors.", min=0)] = 0,
    out: Out = Path("out/policies"),
) -> None:
    """Train a policy for each reconstruction of a list; options of `rhov train` hold for all. Run it again to go on."""
    from rhov.train_clips import read_clips, train_clips

    for line in train_clips(read_clips(clips), out, context.args, jobs):
        print(line)


@app.command()
def replay(
    directory: Annotated[Path, typer.Argument(help="The folder of an imitation.")],
    mesh: Mesh,
    target: Annotated[str, typer.Option(help="Where to replay: sim.")] = "sim",
    speed: Annotated[float, typer.Option(help="Fraction of the planned speed.", min=0.01, max=1.0)] = 1.0,
    dry_run: Annotated[bool, typer.Option(help="Check everything, move nothing.")] = False,
) -> None:
    """Replay a planned motion on a simulated robot, through the checks and controllers of a real one."""
    from rhov.robot_commands import replay_in_simulation, require_target

    require_target(target)
    for line in replay_in_simulation(directory, mesh, speed, dry_run):
        print(line)


@app.command()
def pipeline(
    arguments: Annotated[list[str], typer.Argument(help="The launch file's arguments, as name:=value.")],
) -> None:
    """Run the graph of the launch file as processes, without the launch package."""
    from rhov.demo import run_pipeline
    from rhov.launch_file import parse_arguments

    texts: dict[str, str] = {}
    for argument in arguments:
        name, separator, value = argument.partition(":=")
        if not separator:
            raise InputError(f"the argument is '{argument}'", "name:=value", "write for example video:=clip.mp4")
        texts[name] = value
    parsed = parse_arguments(texts)
    build_graph(parsed)
    raise typer.Exit(run_pipeline(parsed))


@app.command()
def evaluate(
    directory: Result,
    truth: Annotated[Path | None, typer.Option(help="Folder of the truth, as `rhov synthesize` writes it.")] = None,
    mesh: Annotated[Path | None, typer.Option(help="Mesh of the object; missing: object.obj beside the truth.")] = None,
    dataset: Annotated[str, typer.Option(help="In place of --truth: ho3d, dexycb, mow, arctic, bop or hot3d.")] = "",
    root: Annotated[Path | None, typer.Option(help="Folder of the data set.")] = None,
    clip: Annotated[str, typer.Option(help="Clip of the data set, see docs/datasets.md.")] = "",
    mano: Annotated[Path | None, typer.Option(help="Your own MANO_RIGHT.pkl, where poses of the hand need it.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; missing: evaluation.json beside the result.")] = None,
) -> None:
    """Measure a result against the truth, with the metrics of the field."""
    from rhov.evaluate import evaluate_to_file
    from rhov.evaluation_input import DatasetClip

    if bool(truth) == bool(dataset) or (dataset and not (root and clip)):
        raise InputError(
            "the truth is not named exactly once", "--truth, or --dataset with --root and --clip", "give one of them"
        )
    named = truth if truth is not None else DatasetClip(dataset, root or Path(), clip)
    for line in evaluate_to_file(directory, named, mesh, mano, out):
        print(line)


@app.command()
def demo(
    out: Out = Path("out/demo"),
    rendered: Annotated[bool, typer.Option(help="Use a rendered clip even if the real one can be had.")] = False,
    count: Annotated[int, typer.Option(help="Number of frames; 0: all.", min=0)] = 0,
) -> None:
    """Run the whole way on a real clip: reconstruct, plan, and replay on a simulated robot."""
    from rhov.demo import run_demo

    raise typer.Exit(run_demo(out, rendered=rendered, count=count))


@app.command()
def synthesize(
    name: Annotated[
        str, typer.Option("--object", help="Name of a rendered object, e.g. mug, or mesh file in metres.")
    ] = "carton",
    seed: Annotated[int, typer.Option(help="Of motion, look and noise.", min=0)] = 0,
    action: Annotated[str, typer.Option(help="pick, carry, turn, pour, place, inspect or regrasp.")] = "pick",
    frames: Annotated[int, typer.Option(help="Number of frames, at 30 per second.", min=2)] = 60,
    occlusion: Annotated[str, typer.Option(help="Wanted mean share of the object that is hidden.")] = "0,0.6",
    hand: Annotated[str, typer.Option(help="right or left.")] = "right",
    split: Annotated[str, typer.Option(help="dev or test: what the clip is named for.")] = "dev",
    suite: Annotated[str, typer.Option(help="dev, test or quick: all clips of the benchmark's suite instead.")] = "",
    clip: Annotated[int, typer.Option(help="Only this clip of the suite, from 0; -1: all.", min=-1)] = -1,
    out: Out = Path("out/clip"),
) -> None:
    """Render clips of a hand that does something with an object, 640x480 pixels, with exact truth [m, rad, s].

    A clip that is already there is not rendered again.
    """
    from rhov.synthesize import range_from_text, render_clip, render_suite
    from rhov_core.synth import ClipSpec

    if suite:
        print(render_suite(suite, None if clip < 0 else clip, out))
        return
    side: Any = hand
    print(render_clip(ClipSpec(name, seed, split, action, frames, range_from_text(occlusion), side), out))


@benchmark_app.command("reconstruction")
def benchmark_reconstruction(
    quick: Annotated[bool, typer.Option("--quick", help="Six short rendered clips of the split dev.")] = False,
    split: Annotated[
        str, typer.Option(help="dev or test, of the rendered clips (missing: test); or a split of the data set.")
    ] = "",
    ablations: Annotated[bool, typer.Option("--ablations", help="Also leave out every term in turn.")] = False,
    clips: Annotated[int, typer.Option(help="Only so many clips; 0: all.", min=0)] = 0,
    dataset: Annotated[str, typer.Option(help="A data set in place of rendered clips: ho3d, dexycb, ...")] = "",
    root: Annotated[Path | None, typer.Option(help="Folder of the data set.")] = None,
    mano: Annotated[Path | None, typer.Option(help="Your own MANO_RIGHT.pkl, where a data set needs it.")] = None,
    folder: Annotated[
        list[Path] | None, typer.Option(help="A clip as `rhov synthesize` writes it, in place of a suite; repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0: everything in this one.", min=0)] = 2,
    out: Out = Path("out/benchmark"),
) -> None:
    """Measure reconstructions of many clips, and print the paper's tables. Run it again to go on after a stop."""
    from rhov.benchmark.command import Options, run_benchmark

    options = Options(quick, split, ablations, clips, dataset, root, mano, tuple(folder or ()), workers, out)
    for line in run_benchmark(options):
        print(line)


@app.command()
def doctor() -> None:
    """Tell what is installed, which optional models were found, which GPU, which ROS."""
    from rhov.doctor import main as doctor_main

    raise typer.Exit(doctor_main())


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status: 2 with one sentence for bad input, 130 when interrupted."""
    try:
        status = app(arguments, standalone_mode=False)
    except typer.TyperException as error:
        print(f"rhov: {error.format_message()}", file=sys.stderr)
        return 2
    except RhovError as error:
        print(f"rhov: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        print("rhov: interrupted", file=sys.stderr)
    return status if isinstance(status, int) else 0
