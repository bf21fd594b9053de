"""What the reconstruction is meant to reach, and whether it does: goal, figure, pass or fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rhov.benchmark.alone import FRAMES, Alone
from rhov.benchmark.comparison import (
    HAND,
    OBJECT_ERROR,
    OBJECT_ERROR_GIVEN,
    ROTATION_MEDIAN,
    TEMPORAL_DISTANCE,
    TEMPORAL_DISTANCE_TRUE,
    Comparison,
    Quantity,
)
from rhov.benchmark.own_tables import COVERAGE
from rhov.benchmark.statistics import Estimate
from rhov.benchmark.table import Cell, Table
from rhov.benchmark.tables import JOINT, ORACLE, PREDICTED

_GIGABYTE = 2.0**-30


def goals_table(comparison: Comparison, alone: Alone | None = None) -> Table:
    """Each goal with what was reached. A figure passes by its mean; its interval stands beside it.

    Args:
        comparison: The suite.
        alone: What was measured apart from it; None: times are those of the suite.
    """
    rows: list[list[Cell]] = []
    for name, goal, reached, passes in [*_accuracy(comparison), *_ablations(comparison), *_speed(comparison, alone)]:
        value = reached.mean if isinstance(reached, Estimate) else reached
        verdict = "not measured" if not np.isfinite(value) else "pass" if passes(value) else "fail"
        rows.append([name, goal, reached, verdict])
    notes = [f"Times and memory are those of the suite, with other work beside, scaled to {FRAMES} frames."]
    return Table(
        "goals", "How good, how fast", ["measure", "goal", "reached", ""], rows, alone.notes if alone else notes
    )


_Check = tuple[str, str, Estimate | float, Callable[[float], bool]]


def _accuracy(comparison: Comparison) -> Iterator[_Check]:
    def mean(quantity: Quantity, cues: str) -> Estimate:
        return comparison.mean(quantity, cues, JOINT)

    yield "object chamfer, translation aligned, predicted cues [mm]", "<= 5", mean(OBJECT_ERROR, PREDICTED), _up_to(5)
    for cues, words, goal in ((ORACLE, "oracle masks", 1.5), (PREDICTED, "predicted cues", 4.0)):
        median = comparison.median_rotation(cues, JOINT)
        yield (
            f"object rotation, {words}, median over all frames, lost counts 180 [deg]",
            f"<= {goal:g}",
            median,
            _up_to(goal),
        )
        each = mean(ROTATION_MEDIAN, cues)
        yield f"object rotation, {words}, mean over clips of the median [deg]", f"<= {goal:g}", each, _up_to(goal)
    yield "hand MPJPE, Procrustes, predicted cues [mm]", "<= 6", mean(HAND, PREDICTED), _up_to(6)
    ratio = comparison.ratio(TEMPORAL_DISTANCE, TEMPORAL_DISTANCE_TRUE, PREDICTED, JOINT)
    yield "temporal distance over the truth's own", "<= 1.2", ratio, _up_to(1.2)
    for cues, words in ((PREDICTED, "predicted cues"), (ORACLE, "oracle masks")):
        yield f"95 % ellipsoids hold, {words} [%]", "90 to 99", mean(COVERAGE, cues), lambda value: 90 <= value <= 99


def _ablations(comparison: Comparison) -> Iterator[_Check]:
    per_frame, joint = (PREDICTED, "per_frame"), (PREDICTED, JOINT)
    for words, quantity, first, second in (
        ("object error: per frame minus temporal [mm]", OBJECT_ERROR, per_frame, joint),
        ("temporal distance: per frame minus temporal [mm]", TEMPORAL_DISTANCE, per_frame, joint),
        ("object error: predicted minus oracle masks [mm]", OBJECT_ERROR, joint, (ORACLE, JOINT)),
        (
            "object error, lost frames too: independent minus joint [mm]",
            OBJECT_ERROR_GIVEN,
            (PREDICTED, "independent"),
            joint,
        ),
    ):
        if comparison.has(*first) and comparison.has(*second):
            difference = comparison.difference(quantity, first, second)
            yield words, "> 0, interval without 0", difference, _above_zero(difference)


def _speed(comparison: Comparison, alone: Alone | None) -> Iterator[_Check]:
    wall, joint = _seconds(comparison, "wall"), _seconds(comparison, "optimise")
    memory = _largest(comparison.values(Quantity("", "run: peak memory", _GIGABYTE, "GB"), PREDICTED, JOINT))
    if alone:
        wall = joint = memory = float("nan")
        if (timed := alone.timed) is not None:
            wall, joint = timed.wall_seconds, float(timed.report["stage_seconds"]["optimise"])
            memory = _GIGABYTE * timed.peak_memory
    yield f"all stages with perception, {FRAMES} frames 640x480 [wall s]", "<= 90", wall, _up_to(90)
    yield "largest memory of the process [GB]", "<= 2", memory, _up_to(2)
    yield f"joint stage, {FRAMES} frames [{'wall' if alone else 'CPU'} s]", "<= 40", joint, _up_to(40)
    if alone is None:
        return
    tracker, contour = alone.tracker_ms or (float("nan"), float("nan"))
    yield "tracker, contour, flow and features, without cues [CPU ms a frame]", "<= 10", tracker, _up_to(10)
    yield "tracker, contour alone, without cues [CPU ms a frame]", "<= 5", contour, _up_to(5)
    lost, overlap, jitter = (float("nan") if value is None else float(value) for value in alone.real_figures())
    yield "real clip: frames lost", "0", lost, _up_to(0)
    yield "real clip: median IoU", ">= 0.95", overlap, lambda value: value >= 0.95
    yield "real clip: rotation jitter, second difference [deg]", "<= 0.09", jitter, _up_to(0.09)


def _up_to(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


def _above_zero(difference: Estimate) -> Callable[[float], bool]:
    return lambda value: value > 0 and difference.excludes_zero


def _seconds(comparison: Comparison, stage: str) -> float:
    """For 60 frames, mean over clips."""
    return FRAMES * comparison.seconds(stage, PREDICTED, JOINT)


def _largest(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")
