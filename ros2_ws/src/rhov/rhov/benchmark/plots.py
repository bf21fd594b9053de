"""The benchmark's plots, as PNG files: errors over time, success curves, ablation bars, the worst clips."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rhov.benchmark.comparison import DEGREES, HAND, OBJECT_ERROR, ROTATION, Comparison, Quantity
from rhov.benchmark.outcome import Outcome
from rhov.benchmark.runner import Plan
from rhov.benchmark.tables import JOINT, PREDICTED, WORDS
from rhov.benchmark.worst import write_worst_clips
from rhov_core.arrays import FloatArray
from rhov_core.files import atomic_path, output_directory

matplotlib.use("Agg")
_COLOURS = {"joint": "#2c6fbb", "independent": "#c0792b", "per_frame": "#8a8f98"}
_ORACLE = "#27894c"
_PANELS = (
    ("rotation", DEGREES, "rotation\nerror [deg]", (1, 2, 5, 10, 20, 50, 180)),
    ("translation", 1e3, "translation\nerror [mm]", (1, 2, 5, 10, 20, 50, 100, 1000)),
    ("hand", 1e3, "hand error\n[mm]", (5, 10, 15, 20, 30, 50)),
)
_CLIPS_A_PAGE = 6


def write_plots(plan: Plan, comparison: Comparison) -> None:
    """Writes the plots into the folder `plots` of the benchmark."""
    out = output_directory(plan.out / "plots")
    for old in out.glob("*.png"):
        old.unlink()
    for page, start in enumerate(range(0, len(comparison.clips), _CLIPS_A_PAGE)):
        _errors_over_time(out / f"errors_{page + 1}.png", comparison, comparison.clips[start : start + _CLIPS_A_PAGE])
    _success_curves(out / "success.png", comparison)
    variants = [v for v in comparison.variants(PREDICTED) if v != JOINT]
    ablations = [v for v in variants if v != "per_frame"]  # whose bar would dwarf those of single terms
    if variants:
        _ablation_bars(out / "ablations.png", comparison, ablations if len(ablations) > 1 else variants)
    write_worst_clips(out, plan, comparison)


def _curves(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Cues, variant, colour and label of what is compared."""
    shown = [(PREDICTED, v, _COLOURS[v], WORDS[v]) for v in ("per_frame", "independent", JOINT)]
    shown.append(("oracle_masks", JOINT, _ORACLE, f"{WORDS[JOINT]}, oracle masks"))
    return [entry for entry in shown if comparison.has(entry[0], entry[1])]


def _errors_over_time(path: Path, comparison: Comparison, clips: list[str]) -> None:
    figure = Figure(figsize=(3.2 * max(len(clips), 2), 7.2), layout="constrained")
    axes = figure.subplots(len(_PANELS), len(clips), squeeze=False, sharex="col", sharey="row")
    for row, (name, factor, words, ticks) in enumerate(_PANELS):
        for column, clip in enumerate(clips):
            axis = axes[row, column]
            for cues, variant, colour, label in _curves(comparison):
                if variant == "independent" or (outcome := comparison.outcome(clip, cues, variant)) is None:
                    continue
                alone = {"linestyle": "none", "marker": ".", "markersize": 3}
                style = alone if variant == "per_frame" else {"linewidth": 1.3}
                frames, values = outcome.series["frame_index"], factor * outcome.series[name]
                axis.plot(frames, np.maximum(values, ticks[0] / 2), color=colour, label=label, **style)
                if (cues, variant) == (PREDICTED, JOINT):
                    _mark_lost(axis, outcome, name, "hand_annotated" if name == "hand" else "object_annotated")
            axis.set_yscale("log")
            axis.grid(alpha=0.25)
        axes[row, 0].set(ylabel=words, ylim=(ticks[0] / 2, ticks[-1] * 1.1))
        axes[row, 0].set_yticks(ticks, [str(tick) for tick in ticks])
        axes[row, 0].minorticks_off()
    for column, clip in enumerate(clips):
        axes[0, column].set_title(clip.replace("_", " "), fontsize=9)
        axes[-1, column].set_xlabel("frame")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(1, len(labels)), frameon=False, fontsize=9)
    figure.suptitle(
        "Errors over time; grey: lost with predicted cues; smaller errors lie on the lower edge", fontsize=10
    )
    _save(figure, path)


def _mark_lost(axis: Axes, outcome: Outcome, series: str, annotated: str) -> None:
    lost = ~np.isfinite(outcome.series[series]) & (outcome.series[annotated] > 0)
    for frame in outcome.series["frame_index"][lost]:
        axis.axvspan(frame - 0.5, frame + 0.5, color="black", alpha=0.12, lw=0)


def _success_curves(path: Path, comparison: Comparison) -> None:
    """Share of frames below a threshold, mean over clips; lost frames count as wrong."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    panels = (
        ("add_s", "object_annotated", 1e3, 50.0, "object: ADD-S [mm]"),
        ("rotation", "object_annotated", DEGREES, 20.0, "object: rotation error, symmetric [deg]"),
        ("hand_joints", "hand_annotated", 1e3, 50.0, "hand: joint error, Procrustes [mm]"),
    )
    for axis, (series, annotated, factor, limit, words) in zip(figure.subplots(1, 3), panels, strict=True):
        thresholds = np.linspace(0, limit, 101)
        for cues, variant, colour, label in _curves(comparison):
            each = []
            for clip in comparison.clips:
                outcome = comparison.outcome(clip, cues, variant)
                if outcome is not None and (counts := outcome.series[annotated] > 0).any():
                    each.append(_shares(factor * outcome.series[series][counts], thresholds))
            if each:
                style = "--" if variant == "independent" else "-"
                axis.plot(thresholds, 100 * np.mean(each, axis=0), style, color=colour, label=label, zorder=3)
        axis.set(xlabel=words, xlim=(0, limit), ylim=(0, 101))
        axis.grid(alpha=0.25)
    figure.axes[0].set_ylabel("frames below [%]")
    figure.axes[0].legend(loc="lower right", fontsize=8, framealpha=0.7)
    figure.suptitle("Share of frames below a threshold, mean over clips; lost frames are wrong", fontsize=10)
    _save(figure, path)


def _shares(errors: FloatArray, thresholds: FloatArray) -> FloatArray:
    known = np.sort(errors[np.isfinite(errors)])
    return np.searchsorted(known, thresholds, side="right") / max(1, errors.size)


def _ablation_bars(path: Path, comparison: Comparison, variants: list[str]) -> None:
    panels: tuple[tuple[Quantity, str], ...] = ((OBJECT_ERROR, "mm"), (ROTATION, "deg"), (HAND, "mm"))
    figure = Figure(figsize=(11, 1.6 + 0.32 * len(variants)), layout="constrained")
    for axis, (quantity, unit) in zip(figure.subplots(1, len(panels), sharey=True), panels, strict=True):
        differences = [comparison.difference(quantity, (PREDICTED, v), (PREDICTED, JOINT)) for v in variants]
        means = np.array([d.mean for d in differences])
        below, above = means - [d.low for d in differences], [d.high for d in differences] - means
        place = np.arange(len(variants))
        axis.barh(place, means, color=[_COLOURS.get(v, "#5d7fa3") for v in variants], height=0.65)
        axis.errorbar(means, place, xerr=[below, above], fmt="none", ecolor="black", elinewidth=1, capsize=2)
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_yticks(place, [v.replace("no_", "without ").replace("_", " ") for v in variants])
        axis.set_xlabel(f"{quantity.label} [{unit}]")
        axis.grid(axis="x", alpha=0.25)
    figure.axes[0].invert_yaxis()
    figure.suptitle(
        "Difference to the joint variant within each clip, mean over clips with its 95 % interval; right of 0 is worse",
        fontsize=10,
    )
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with atomic_path(path) as partial:
        figure.savefig(partial, dpi=100)
