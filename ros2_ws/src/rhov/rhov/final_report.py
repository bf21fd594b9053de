"""The report of a whole run: what was made and how good it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rhov_core.files import read_json, write_json
from rhov_core.result_directory import REPORT

IMITATION = "imitation"
REPLAY = "replay"
VIDEO = "rollout.mp4"


def merge_reports(
    directory: str | Path, stage_seconds: Mapping[str, float], wall_seconds: float, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Adds what the imitation and the replay report to the reconstruction's report.json, and returns it.

    The rollout video and the plot of the imitation are put beside the reconstruction's.

    Args:
        directory: The result folder; the imitation's is inside it, if there is one.
        stage_seconds: Wall seconds of the run's stages.
        wall_seconds: Of the whole run.
        notes: What the user has to know besides what the report says already.
    """
    from rhov.plots import plot_imitation  # matplotlib is slow to import, and a run can begin without it

    folder = Path(directory)
    report = read_json(folder / REPORT)
    report["stage_seconds"] = dict(stage_seconds)
    report["wall_seconds"] = wall_seconds
    report["notes"] = [*report.get("notes", []), *notes]
    for name, part in ((IMITATION, folder / IMITATION), (REPLAY, folder / IMITATION / REPLAY)):
        if (part / REPORT).exists():
            report[name] = read_json(part / REPORT)
            plot_imitation(folder / "plots" / f"{name}.png", {**report[IMITATION], **report[name]})
        if (part / VIDEO).exists():
            shutil.copyfile(part / VIDEO, folder / VIDEO)
    write_json(folder / REPORT, report)
    return report


def summary_lines(directory: str | Path, report: Mapping[str, Any]) -> Iterator[str]:
    """A few lines for the terminal: what was made and how good it is."""
    folder, quality = Path(directory), report["object"]
    yield from report["notes"]
    overlap, jitter = quality["mask_iou"]["end"], quality["rotation_jitter_deg"]["end"]
    figures = f"median mask overlap {overlap:.3f}" if overlap is not None else "no mask to compare with"
    if jitter is not None:
        figures += f", jitter {jitter:.3f} deg"
    yield f"reconstruction  {report['frames']} frames, {report['frames_lost']} lost, {figures}"
    for name in (IMITATION, REPLAY):
        if name in report and report[name]["fraction_matched"] >= 0:
            r = report[name]
            yield (
                f"{name:<15} {100 * r['fraction_matched']:.1f} % of the steps matched, "
                f"{1e3 * r['position_error_m']:.1f} mm, {r['rotation_error_rad']:.3f} rad"
            )
    made = [n for n in ("trajectory.npz", "overlay.mp4", VIDEO, "plots", "bag", REPORT) if (folder / n).exists()]
    yield f"results         {folder}: {', '.join(made)}"
    yield f"time            {report['wall_seconds']:.0f} s"


def add_figures(directory: str | Path, figures: Mapping[str, Any]) -> None:
    """Adds figures to a result's report.json."""
    path = Path(directory) / REPORT
    write_json(path, {**read_json(path), **figures})
