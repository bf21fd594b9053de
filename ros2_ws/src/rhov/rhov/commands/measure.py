"""Commands that measure: clips with truth, errors of results, benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rhov.commands.options import Out, Result
from rhov_core.errors import InputError

measure_app = typer.Typer()
benchmark_app = typer.Typer(help="Measure RHOV on many clips.", no_args_is_help=True)
measure_app.add_typer(benchmark_app, name="benchmark")


@measure_app.command()
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


@measure_app.command()
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
    """Render clips of a hand that does something with an object, 640x480 pixels, with exact truth.

    Lengths are in metres, angles in radians, times in seconds. A clip that is already there is not rendered again.
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
