"""The `rhov` command: the same words as in the documentation, one function per subcommand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from rhov import environment

environment.apply()  # before anything is imported that reads it

import typer  # noqa: E402

from rhov.commands.measure import measure_app  # noqa: E402
from rhov.commands.options import Mesh, Out, RepairMesh  # noqa: E402
from rhov.commands.robot import robot_app  # noqa: E402
from rhov.graph import build_graph, parse_box  # noqa: E402
from rhov_core.errors import InputError, RhovError  # noqa: E402

app = typer.Typer(
    name="rhov",
    help="From a video of a hand with an object to a robot that moves the object the same way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(robot_app)
app.add_typer(measure_app)

INTERRUPTED = 130
"""Exit status after Ctrl-C."""


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
def demo(
    out: Out = Path("out/demo"),
    rendered: Annotated[bool, typer.Option(help="Use a rendered clip even if the real one can be had.")] = False,
    count: Annotated[int, typer.Option(help="Number of frames; 0: all.", min=0)] = 0,
) -> None:
    """Run the whole way on a real clip: reconstruct, plan, and replay on a simulated robot."""
    from rhov.demo import run_demo

    raise typer.Exit(run_demo(out, rendered=rendered, count=count))


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
