"""`rhov benchmark reconstruction`: runs, prints the tables, writes report, results and plots."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rhov.benchmark.alone import measure_alone
from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.comparison import Comparison
from rhov.benchmark.plots import write_plots
from rhov.benchmark.report import REPORT, RESULTS, write_report
from rhov.benchmark.runner import Plan, clip_folder, run_plan
from rhov.benchmark.sources import ClipSource, FolderSource, dataset_sources, rendered_sources, require_unique
from rhov.stages import StageProgress
from rhov_core.errors import InputError, RhovError
from rhov_core.files import output_directory
from rhov_optimizer.variants import VARIANTS

MAIN_VARIANTS = ("joint", "independent", "per_frame")
"""`temporal` of the paper's Table 4a is its default method, as is `joint` of its Table 4c: one variant here."""


@dataclass(frozen=True)
class Options:
    """What to run."""

    quick: bool = False
    """The few short clips of the development split."""
    split: str = ""
    """Of the rendered clips: dev or test, missing: test; of a data set: its own names."""
    ablations: bool = False
    """Every term left out in turn."""
    clips: int = 0
    """Only the first so many; 0: all."""
    dataset: str = ""
    root: Path | None = None
    mano: Path | None = None
    folders: Sequence[Path] = ()
    """Clips that are there already, as `rhov synthesize` writes them."""
    workers: int = 2
    out: Path = Path("out/benchmark")


def run_benchmark(options: Options) -> Iterator[str]:
    """Runs and yields lines for the terminal.

    Raises:
        InputError: If something that was asked for does not exist.
        RhovError: If pieces of work broke down; everything else is written nevertheless.
    """
    sources, suite, words = _suite(options)
    begin = time.monotonic()
    plan = Plan(sources, _variants(options), output_directory(options.out), options.workers)
    with StageProgress() as progress:
        outcomes, errors = run_plan(plan, progress)
        if outcomes:
            comparison = Comparison(outcomes)
            alone = None
            if not (options.quick or options.dataset or options.folders):
                alone = measure_alone([clip_folder(plan, name) for name in comparison.clips], options.out, progress)
            text = write_report(options.out, comparison, (suite, words), time.monotonic() - begin, errors, alone)
            progress.update("plots", 0.0)
            write_plots(plan, comparison)
            progress.done("plots")
    if not outcomes:
        raise RhovError("no clip could be measured:\n" + "\n".join(errors))
    yield text
    yield f"{options.out / REPORT}, {options.out / RESULTS}, plots in {options.out / 'plots'}"
    if errors:
        raise RhovError(f"{len(errors)} pieces of work broke down:\n" + "\n".join(errors))


def _suite(options: Options) -> tuple[list[ClipSource], str, str]:
    """The clips, a name for them, and what they are in words."""
    sources: list[ClipSource]
    if options.folders:
        sources, name, words = [FolderSource(folder) for folder in options.folders], "folders", "given clips"
    elif options.dataset:
        if options.root is None:
            raise InputError("the data set's folder is not named", "--root with --dataset", "give --root")
        sources = dataset_sources(options.dataset, options.root, options.split or None, options.mano)
        name = words = f"{options.dataset} {options.split}".strip()
    else:
        split = options.split or ("dev" if options.quick else "test")
        sources, name = rendered_sources(split, options.quick), "quick" if options.quick else split
        words = "rendered clips, quick suite of split dev" if options.quick else f"rendered clips, split {split}"
    require_unique(sources)
    for folder in options.folders:
        ClipFolder.load(folder)
    if options.clips and options.clips < len(sources):
        count = options.clips
        sources, name, words = sources[:count], f"{name}, first {count}", f"{words}, the first {count}"
    return sources, name, words


def _variants(options: Options) -> tuple[tuple[str, str], ...]:
    """Pairs of a kind of cues and a variant."""
    ablations = [name for name in VARIANTS if name.startswith("no_")] if options.ablations else []
    predicted = [("predicted", name) for name in (*MAIN_VARIANTS, *ablations)]
    oracle = ["joint"] if options.quick else MAIN_VARIANTS
    hands = [] if options.quick else [("oracle_masks_hands", "joint")]
    return (*predicted, *(("oracle_masks", name) for name in oracle), *hands)
