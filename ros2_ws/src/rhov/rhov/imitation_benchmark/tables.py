"""The tables of the benchmark of imitation."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from franka_imitation.learning.evaluation import wilson
from rhov.benchmark.table import Cell, Table
from rhov.imitation_benchmark.record import TrialRecord
from rhov.imitation_benchmark.subjects import RECONSTRUCTION, TRUTH
from rhov.imitation_benchmark.trial import CLOSED, OPEN
from rhov.imitation_benchmark.trial_conditions import CONDITIONS, OTHER

_FIGURES = ("trajectories", "success [%] (95 %)", "position error [mm]", "rotation error [rad]", "slower by")
_PAPER: list[Cell] = ["the paper, its own clips", "", "79.3", "39", "0.289", ""]
_GOALS = dict(zip(list(CONDITIONS)[1:], (95, 95, 85, 80, 90), strict=True))
"""Success with feedback under each disturbance [%]."""


def all_tables(records: Sequence[TrialRecord]) -> list[Table]:
    """Every table for which there are records."""
    exact = [r for r in records if r.source == TRUTH]
    plain = [r for r in exact if r.condition == OTHER]
    clips = [r for r in records if r.source == RECONSTRUCTION and r.condition == OTHER]
    closed = [r for r in plain if r.method == CLOSED]
    tables = [
        _table("methods", "Exact motions, judged in other physics", "method", _by(plain, lambda r: r.method), [_PAPER]),
        _table("hardness", "With feedback: easy and hard motions", "motions", _by(closed, _hardness)),
        _table("objects", "With feedback, by object", "object", _by(closed, lambda r: r.object)),
        _table("motions", "With feedback, by motion", "motion", _by(closed, lambda r: r.motion)),
    ]
    if clips:
        title = "Reconstructions of rendered clips, judged against the reconstruction"
        tables.append(_table("clips", title, "method", _by(clips, lambda r: r.method)))
    if any(r.condition != OTHER for r in exact):
        tables.append(_disturbances(exact))
    return [*tables, _goals(exact), _failures(records)]


def _hardness(record: TrialRecord) -> str:
    return "hard" if record.hard else "easy"


def _by(records: Iterable[TrialRecord], name: Callable[[TrialRecord], str]) -> dict[str, list[TrialRecord]]:
    groups: dict[str, list[TrialRecord]] = {}
    for record in records:
        groups.setdefault(name(record), []).append(record)
    return groups


def _table(
    name: str, title: str, head: str, groups: dict[str, list[TrialRecord]], more: Sequence[list[Cell]] = ()
) -> Table:
    rows = [[group, *_figures(records)] for group, records in groups.items()]
    return Table(name, title, [head, *_FIGURES], [*rows, *more])


def _figures(records: Sequence[TrialRecord]) -> list[Cell]:
    good = [r for r in records if r.success]
    return [
        len(records),
        _rate(records),
        _shown(1e3 * _mean(r.position_error_m for r in good), 1),
        _shown(_mean(r.rotation_error_rad for r in good), 3),
        _shown(_mean(r.slowdown for r in good), 2),
    ]


def _rate(records: Sequence[TrialRecord]) -> str:
    successes = sum(r.success for r in records)
    if not records:
        return "-"
    low, high = wilson(successes, len(records))
    return f"{100 * successes / len(records):.1f} ({100 * low:.0f} to {100 * high:.0f})"


def _mean(values: Iterable[float | None]) -> float:
    numbers = [value for value in values if value is not None]
    return float(np.mean(numbers)) if numbers else float("nan")


def _shown(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def _disturbances(exact: Sequence[TrialRecord]) -> Table:
    disturbed = {(r.object, r.motion) for r in exact if r.condition != OTHER}
    rows: list[list[Cell]] = []
    for condition in CONDITIONS:
        chosen = [r for r in exact if r.condition == condition and (r.object, r.motion) in disturbed]
        opened, closed = ([r for r in chosen if r.method == method] for method in (OPEN, CLOSED))
        goal = _GOALS.get(condition)
        figures = [_rate(opened), _rate(closed), *_figures(closed)[2:4]]
        rows.append([condition, len(closed), *figures, "" if goal is None else f">= {goal}"])
    head = ["condition", "trajectories", "open loop [%]", "feedback [%]", *_FIGURES[2:4], "goal [%]"]
    return Table("disturbances", "Disturbances, on top of the other physics", head, rows)


def _goals(exact: Sequence[TrialRecord]) -> Table:
    closed = [r for r in exact if r.method == CLOSED]
    plain = [r for r in closed if r.condition == OTHER]
    good = [r for r in plain if r.success]
    mug, box = ([r for r in plain if r.object == name] for name in ("mug", "cracker_box"))
    seconds = [r.preparation_s for r in plain if r.preparation_s is not None]
    checks: list[tuple[str, str, float, Callable[[float], bool]]] = [
        ("success, feedback [%]", ">= 95", _percent(plain), lambda v: v >= 95),
        ("success, mug [%]", ">= 95", _percent(mug), lambda v: v >= 95),
        ("success, cracker box [%]", ">= 95", _percent(box), lambda v: v >= 95),
        ("position error on successes [mm]", "<= 4", 1e3 * _mean(r.position_error_m for r in good), lambda v: v <= 4),
        (
            "rotation error on successes [rad]",
            "<= 0.03",
            _mean(r.rotation_error_rad for r in good),
            lambda v: v <= 0.03,
        ),
        ("planning, mean [wall s]", "<= 8", _mean(seconds), lambda v: v <= 8),
        ("planning, slowest [wall s]", "<= 8", max(seconds, default=float("nan")), lambda v: v <= 8),
    ]
    for condition, goal in _GOALS.items():
        reached = _percent([r for r in closed if r.condition == condition])
        checks.append((f"{condition}, feedback [%]", f">= {goal}", reached, partial(operator.le, goal)))
    rows: list[list[Cell]] = [
        [name, goal, _shown(v, 3 if "rad]" in name and "error" in name else 1), _verdict(v, passes)]
        for name, goal, v, passes in checks
    ]
    return Table("goals", "Goals", ["measure", "goal", "reached", ""], rows)


def _percent(records: Sequence[TrialRecord]) -> float:
    return 100 * sum(r.success for r in records) / len(records) if records else float("nan")


def _verdict(value: float, passes: Callable[[float], bool]) -> str:
    return "not measured" if np.isnan(value) else "pass" if passes(value) else "fail"


def _failures(records: Sequence[TrialRecord]) -> Table:
    failed = [r for r in records if not r.success and r.method == CLOSED]
    rows: list[list[Cell]] = [[r.object, r.motion, r.condition, r.failure.replace("|", "/")] for r in failed]
    return Table("failures", "What failed with feedback", ["object", "motion", "condition", "why"], rows)
