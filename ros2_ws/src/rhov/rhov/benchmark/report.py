"""The report of a benchmark: report.md for people and results.json for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rhov.benchmark.alone import Alone
from rhov.benchmark.code_version import description
from rhov.benchmark.comparison import Comparison
from rhov.benchmark.goals import goals_table
from rhov.benchmark.own_tables import own_tables
from rhov.benchmark.statistics import CONFIDENCE, RESAMPLES, SEED
from rhov.benchmark.table import Table
from rhov.benchmark.tables import paper_tables
from rhov_core.files import atomic_path, write_json

REPORT, RESULTS = "report.md", "results.json"


def all_tables(comparison: Comparison, alone: Alone | None = None) -> list[Table]:
    """Every table, in the order of the report."""
    return [*paper_tables(comparison), *own_tables(comparison), goals_table(comparison, alone)]


def write_report(
    out: Path,
    comparison: Comparison,
    suite: tuple[str, str],
    wall_seconds: float,
    errors: Sequence[str],
    alone: Alone | None = None,
) -> str:
    """Writes report.md and results.json and returns the text of the former.

    Args:
        out: The folder.
        comparison: The outcomes.
        suite: What was run: a name, and words.
        wall_seconds: Of this run; less than the whole if some of it was done before.
        errors: What went wrong unexpectedly.
        alone: What was measured apart from the suite.
    """
    tables, machine = all_tables(comparison, alone), description()
    head = [
        "# Reconstruction benchmark",
        "",
        f"{suite[1]}: {len(comparison.clips)} clips, {_frames(comparison)} frames.",
        f"Numbers are means over clips with the {CONFIDENCE:.0%} interval of the percentile bootstrap over clips "
        f"({RESAMPLES} resamples, seed {SEED}); a clip's number is its mean over frames. {_few(comparison)}"
        "The paper's figures were measured on other data and stand beside ours for orientation only.",
        "",
        f"Run on: {', '.join(f'{name} {value}' for name, value in machine.items() if value is not None)}. "
        f"This run took {wall_seconds:.0f} s.",
        "",
    ]
    if errors:
        head += [f"{len(errors)} pieces of work broke down and are missing below: see results.json.", ""]
    text = "\n".join(head) + "\n" + "\n\n".join(table.markdown() for table in tables) + "\n"
    with atomic_path(out / REPORT) as partial:
        partial.write_text(text, encoding="utf-8")
    content: dict[str, Any] = {
        "suite": suite[0],
        "description": suite[1],
        "clips": comparison.clips,
        "frames": _frames(comparison),
        "run_on": machine,
        "bootstrap": {"confidence": CONFIDENCE, "resamples": RESAMPLES, "seed": SEED, "unit": "clip"},
        "wall_seconds": wall_seconds,
        "errors": list(errors),
        "tables": {table.name: table.as_dict() for table in tables},
        "outcomes": [
            {
                "clip": o.clip,
                "cues": o.cues,
                "variant": o.variant,
                "frames": o.frames,
                "about": o.about,
                "failed": o.failed,
                "figures": o.figures,
                "seconds": o.seconds,
            }
            for o in comparison.outcomes
        ],
    }
    write_json(out / RESULTS, content)
    return text


def _frames(comparison: Comparison) -> int:
    return sum({o.clip: o.frames for o in comparison.outcomes}.values())


def _few(comparison: Comparison) -> str:
    return "With so few clips the intervals are too narrow. " if len(comparison.clips) < 10 else ""
