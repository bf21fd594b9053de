"""What the reconstruction is meant to reach, and whether it does: goal, figure, pass or fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rhov.benchmark.comparison import (
    HAND,
    OBJECT_ERROR,
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

FRAMES = 60
"""Times are for so many frames of 640x480 pixels."""


def goals_table(comparison: Comparison) -> Table:
    """Each goal with what was reached. A figure passes by its mean; its interval stands beside it."""
    rows: list[list[Cell]] = []
    for name, goal, reached, passes in _checks(comparison):
        value = reached.mean if isinstance(reached, Estimate) else reached
        verdict = "not measured" if not np.isfinite(value) else "pass" if passes(value) else "fail"
        rows.append([name, goal, reached, verdict])
    return Table("goals", "Goals", ["measure", "goal", "reached", ""], rows)


_Check = tuple[str, str, Estimate | float, Callable[[float], bool]]


def _checks(comparison: Comparison) -> Iterator[_Check]:
    def mean(quantity: Quantity, cues: str) -> Estimate:
        return comparison.mean(quantity, cues, JOINT)

    yield "object chamfer, translation aligned, predicted cues [mm]", "<= 5", mean(OBJECT_ERROR, PREDICTED), _up_to(5)
    name = "object rotation, median over frames, symmetry-aware"
    yield f"{name}, oracle masks [deg]", "<= 1.5", mean(ROTATION_MEDIAN, ORACLE), _up_to(1.5)
    yield f"{name}, predicted cues [deg]", "<= 4", mean(ROTATION_MEDIAN, PREDICTED), _up_to(4)
    yield "hand MPJPE, Procrustes, predicted cues [mm]", "<= 6", mean(HAND, PREDICTED), _up_to(6)
    ratio = comparison.ratio(TEMPORAL_DISTANCE, TEMPORAL_DISTANCE_TRUE, PREDICTED, JOINT)
    yield "temporal distance over the truth's own", "<= 1.2", ratio, _up_to(1.2)
    yield "95 % ellipsoids hold [%]", "90 to 99", mean(COVERAGE, PREDICTED), lambda value: 90 <= value <= 99
    yield "perception, tracking and joint stage, 60 frames [wall s]", "<= 90", _seconds(comparison, "wall"), _up_to(90)
    yield "joint stage, 60 frames [CPU s]", "<= 40", _seconds(comparison, "optimise"), _up_to(40)
    memory = comparison.values(Quantity("", "run: peak memory", 2.0**-30, "GB"), PREDICTED, JOINT)
    yield "largest memory of a process, all stages [GB]", "<= 2", _largest(memory), _up_to(2)
    for words, quantity, first, second in (
        ("object error: per frame minus temporal [mm]", OBJECT_ERROR, (PREDICTED, "per_frame"), (PREDICTED, JOINT)),
        (
            "temporal distance: per frame minus temporal [mm]",
            TEMPORAL_DISTANCE,
            (PREDICTED, "per_frame"),
            (PREDICTED, JOINT),
        ),
        ("object error: predicted minus oracle masks [mm]", OBJECT_ERROR, (PREDICTED, JOINT), (ORACLE, JOINT)),
        ("object error: independent minus joint [mm]", OBJECT_ERROR, (PREDICTED, "independent"), (PREDICTED, JOINT)),
    ):
        if comparison.has(*first) and comparison.has(*second):
            difference = comparison.difference(quantity, first, second)
            yield words, "> 0, interval without 0", difference, _above_zero(difference)


def _up_to(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


def _above_zero(difference: Estimate) -> Callable[[float], bool]:
    return lambda value: value > 0 and difference.excludes_zero


def _seconds(comparison: Comparison, stage: str) -> float:
    """For 60 frames, mean over clips."""
    return FRAMES * comparison.seconds(stage, PREDICTED, JOINT)


def _largest(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")
