"""Runs the benchmark of imitation: every object and motion, with what is done already left as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rhov.benchmark.code_version import description
from rhov.benchmark.workers import LOG, call, first_finished, pool
from rhov.imitation_benchmark.motions import MOTIONS
from rhov.imitation_benchmark.record import TrialRecord, load_records
from rhov.imitation_benchmark.subjects import ExactMotion, Subject, reconstructed_clips
from rhov.imitation_benchmark.tables import all_tables
from rhov.imitation_benchmark.trial import Trial
from rhov.imitation_benchmark.trial_conditions import CONDITIONS, OTHER
from rhov.stages import StageProgress
from rhov_core.errors import InputError, RhovError
from rhov_core.files import atomic_path, output_directory, write_json
from rhov_core.synth.objects import OBJECTS

BENCHMARK_OBJECTS: Final = (
    *("mug", "cracker_box", "can", "mustard", "banana"),
    *("sugar_box", "soup_can", "carton", "drill", "driver"),
)
_QUICK_OBJECTS: Final = ("mug", "cracker_box", "banana")
_QUICK_MOTIONS: Final = ("lift", "turn to 45 deg", "carry 30 cm", "pour")
_DISTURBED_MOTIONS: Final = ("carry 15 cm", "pour")
_QUICK_DISTURBED: Final = ("pour",)
REPORT, RESULTS = "report.md", "results.json"


@dataclass(frozen=True)
class Options:
    """What to run."""

    quick: bool = False
    """Three objects with four motions."""
    objects: Sequence[str] = ()
    """Names; empty: those of the suite."""
    reconstructions: Path | None = None
    """Folder of a reconstruction benchmark whose results are imitated too."""
    more: Path | None = None
    """Further records, of policies for example."""
    robot: str = "panda"
    workers: int = 2
    out: Path = Path("out/imitation_benchmark")


def trials(options: Options) -> list[Trial]:
    """The pieces of work.

    Raises:
        InputError: If an object is unknown or the reconstructions are not there.
    """
    unknown = [name for name in options.objects if name not in OBJECTS]
    if unknown:
        raise InputError(f"there is no object '{unknown[0]}'", ", ".join(OBJECTS), "correct --objects")
    names = options.objects or (_QUICK_OBJECTS if options.quick else BENCHMARK_OBJECTS)
    motions = _QUICK_MOTIONS if options.quick else tuple(MOTIONS)
    disturbed = _QUICK_DISTURBED if options.quick else _DISTURBED_MOTIONS
    more = tuple(name for name in CONDITIONS if name != OTHER)
    pairs: list[tuple[Subject, tuple[str, ...]]] = []
    pairs += [(ExactMotion(name, motion), (OTHER,)) for motion in motions for name in names]
    if options.reconstructions is not None:
        pairs += [(clip, (OTHER,)) for clip in reconstructed_clips(options.reconstructions)]
    pairs += [(ExactMotion(name, motion), more) for motion in disturbed for name in names]
    return [Trial(subject, conditions, options.out, options.robot) for subject, conditions in pairs]


def run_benchmark(options: Options) -> Iterator[str]:
    """Runs and yields lines for the terminal; report.md and results.json are written to `options.out`.

    Raises:
        InputError: If something that was asked for does not exist.
        RhovError: If pieces of work broke down; everything else is written nevertheless.
    """
    work, begin = trials(options), time.monotonic()
    output_directory(options.out)
    with StageProgress() as progress:
        errors = _run(work, options, progress)
    records = [record for trial in work for record in trial.records() or []]
    if options.more is not None:
        records += _more(options.more)
    if not records:
        raise RhovError("nothing could be measured:\n" + "\n".join(errors))
    yield write_report(options, records, time.monotonic() - begin, errors)
    yield f"{options.out / REPORT}, {options.out / RESULTS}"
    if errors:
        raise RhovError(f"{len(errors)} pieces of work broke down:\n" + "\n".join(errors))


def write_report(options: Options, records: Sequence[TrialRecord], seconds: float, errors: Sequence[str]) -> str:
    """Writes report.md and results.json and returns the text of the former."""
    tables, machine = all_tables(records), description()
    text = "\n\n".join(
        [
            "# Imitation benchmark",
            "A trajectory succeeds if at least 90 % of its steps are within 3 cm and 0.3 rad when they are due. "
            "Refusals and objects that were lost are failures. Errors are means over matched steps of successes; "
            "intervals are Wilson's.",
            f"Run on: {', '.join(f'{k} {v}' for k, v in machine.items() if v is not None)}. "
            f"This run took {seconds:.0f} s.",
            *(table.markdown() for table in tables),
        ]
    )
    with atomic_path(options.out / REPORT) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    content: dict[str, Any] = {
        "suite": "quick" if options.quick else "all",
        "robot": options.robot,
        "machine": machine,
        "wall_seconds": seconds,
        "errors": list(errors),
        "tables": {table.name: table.as_dict() for table in tables},
        "records": [asdict(record) for record in records],
    }
    write_json(options.out / RESULTS, content)
    return text


def _more(path: Path) -> list[TrialRecord]:
    records = load_records(path)
    if records is None:
        raise InputError(f"there is no file '{path}'", "trials as this benchmark writes them", "correct the name")
    return records


def _run(work: Sequence[Trial], options: Options, progress: StageProgress) -> list[str]:
    """Runs what is not done; returns what went wrong unexpectedly."""
    errors: list[str] = []
    left = [trial for trial in work if trial.records() is None]
    done = len(work) - len(left)
    with pool(options.workers, options.out / LOG) as workers:
        running: dict[Future[Any], Trial] = {}
        while left or running:
            while left and len(running) < max(1, options.workers):
                trial = left.pop(0)
                running[workers.submit(call, trial.run)] = trial
            for future in first_finished(set(running)):
                trial, error = running.pop(future), future.result()
                done += 1
                progress.update("trajectories", done / len(work), f"{done}/{len(work)}")
                if error:
                    errors.append(f"{trial.subject.object} {trial.subject.motion}\n{error}")
    progress.done("trajectories", f"{done}/{len(work)}")
    return errors
