"""The whole way on a machine without the launch package: the graph as processes, and the demo on a real clip."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path

from rhov.demo_clip import demo_request
from rhov.final_report import add_figures
from rhov.graph import PipelineArguments, build_graph
from rhov.stages import StageProgress
from rhov.supervisor import run_graph
from rhov_core.errors import MissingDependencyError
from rhov_core.files import output_directory
from rhov_core.synth import ClipSpec, synthesize

RENDERED = ClipSpec("carton", 8, action="pick", frames=120, occlusion=(0.0, 0.2))
PRODUCTS = ("bag", "imitation", "partial", "plots", "logs", "clip")


def run_pipeline(arguments: PipelineArguments) -> int:
    """Runs the graph as processes and returns the exit status."""
    out = output_directory(arguments.out).resolve()
    video, mesh, camera = (
        str(Path(path).resolve()) if path else "" for path in (arguments.video, arguments.mesh, arguments.camera)
    )
    arguments = dataclasses.replace(arguments, out=str(out), video=video, mesh=mesh, camera=camera)
    outcome = run_graph(build_graph(arguments), arguments.namespace, out / "logs")
    if outcome.exit_status == 0:
        add_figures(out, {"peak_memory_byte": outcome.peak_memory})
        print(f"largest process: {outcome.peak_memory / 2**20:.0f} MB")
    return outcome.exit_status


def run_demo(out: str | Path, *, rendered: bool = False, count: int = 0) -> int:
    """Reconstructs the demo clip, plans, replays in simulation, and returns the exit status.

    Args:
        out: Folder for the results; what an earlier demo left there is removed.
        rendered: Use a rendered clip even if the real one can be had.
        count: Number of frames; 0 for all.

    Raises:
        InputError: If the folder cannot be written.
    """
    folder = output_directory(out)
    for name in PRODUCTS:
        shutil.rmtree(folder / name, ignore_errors=True)
    arguments = None if rendered else _real_clip(folder)
    if arguments is None:
        arguments = _rendered_clip(folder, count or RENDERED.frames)
    return run_pipeline(dataclasses.replace(arguments, out=str(folder), count=count))


def _real_clip(folder: Path) -> PipelineArguments | None:
    try:
        request = demo_request(folder)
    except MissingDependencyError as error:
        print(f"{error} The demo goes on with a clip that it renders itself.", file=sys.stderr)
        return None
    box = ",".join(map(str, request.box or ()))
    return PipelineArguments(video=str(request.video), mesh=str(request.mesh), focal=request.focal, box=box)


def _rendered_clip(folder: Path, frames: int) -> PipelineArguments:
    progress = StageProgress()
    with progress:
        clip = synthesize(
            dataclasses.replace(RENDERED, frames=frames),
            folder / "clip",
            progress=lambda fraction: progress.update("render the clip", fraction),
        )
        progress.done("render the clip")
    box = ",".join(map(str, clip.box))
    return PipelineArguments(video=str(clip.video), mesh=str(clip.mesh), camera=str(clip.camera), box=box)
