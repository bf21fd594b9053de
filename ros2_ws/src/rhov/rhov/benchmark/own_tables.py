"""What the paper does not report: all figures, ablations, every clip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rhov.benchmark.comparison import (
    DEGREES,
    HAND,
    HAND_LOST,
    HAND_ROOT,
    OBJECT_ERROR,
    OBJECT_LOST,
    ROTATION,
    ROTATION_MEDIAN,
    TEMPORAL_DISTANCE,
    TEMPORAL_DISTANCE_TRUE,
    TRANSLATION,
    Comparison,
    Quantity,
)
from rhov.benchmark.table import Cell, Table
from rhov.benchmark.tables import JOINT, PREDICTED, RECALL, WORDS

COVERAGE = Quantity("95 % ellipsoid holds", "object: coverage of the 95% ellipsoid", 100.0, "%")
PENETRATION = Quantity("penetration depth", "contact: penetration depth", 1e3, "mm")
MEASURES: tuple[tuple[Quantity, str], ...] = (
    (OBJECT_ERROR, "translation"),
    (Quantity("object chamfer", "object: chamfer", 1e3, "mm"), "none"),
    (ROTATION, "nearest symmetry"),
    (ROTATION_MEDIAN, "nearest symmetry"),
    (
        Quantity("object rotation error, 95th percentile", f"{ROTATION.figure}, 95th percentile", DEGREES, "deg"),
        "nearest symmetry",
    ),
    (TRANSLATION, "nearest symmetry"),
    (Quantity("object ADD AUC to 0.1 m", "object: ADD AUC to 0.1 m", 100.0, "%"), "none; lost is wrong"),
    (Quantity("object ADD-S AUC to 0.1 m", "object: ADD-S AUC to 0.1 m", 100.0, "%"), "none; lost is wrong"),
    (RECALL, "nearest symmetry; lost is wrong"),
    (Quantity("object mask IoU outside the hand", "object: mask IoU outside the hand", 100.0, "%"), "none"),
    (HAND, "Procrustes with scale"),
    (HAND_ROOT, "wrist"),
    (Quantity("hand MPJPE", "hand: MPJPE", 1e3, "mm"), "none"),
    (Quantity("hand PCK AUC to 0.05 m", "hand: PCK AUC to 0.05 m", 100.0, "%"), "Procrustes; lost is wrong"),
    (Quantity("clips with the right side of the hand", "hand: clips with the right side", 100.0, "%"), "none"),
    (PENETRATION, "none"),
    (Quantity("penetration volume", "contact: penetration volume", 1e6, "cm^3"), "none"),
    (Quantity("frames in contact to 5 mm", "contact: contact ratio to 5 mm", 100.0, "%"), "none"),
    (TEMPORAL_DISTANCE, "none"),
    (TEMPORAL_DISTANCE_TRUE, "none"),
    (Quantity("object acceleration error", "object: acceleration error", 1.0, "m/s^2"), "none"),
    (
        Quantity("NEES over 6", "object: NEES over its 6 degrees of freedom (calibrated: 1)", 1.0, "ratio"),
        "nearest symmetry",
    ),
    (COVERAGE, "nearest symmetry"),
    (OBJECT_LOST, ""),
    (HAND_LOST, ""),
)


def own_tables(comparison: Comparison) -> Iterator[Table]:
    """The tables for what was run."""
    yield _measures(comparison)
    if ablations := [v for v in comparison.variants(PREDICTED) if v.startswith("no_")]:
        yield _ablations(comparison, ["independent", *ablations])
    yield _clips(comparison)
    yield _seconds(comparison)


def _measures(comparison: Comparison) -> Table:
    kinds = [kind for kind in WORDS if comparison.has(kind, JOINT)]
    rows: list[list[Cell]] = [
        [f"{q.label} [{q.unit}]", alignment, *(comparison.mean(q, kind, JOINT) for kind in kinds)]
        for q, alignment in MEASURES
    ]
    head = ["measure", "alignment", *(WORDS[kind] for kind in kinds)]
    notes = ["Means leave lost frames out unless they say otherwise; the share of lost frames stands at the end."]
    return Table("measures", "All measures", head, rows, notes)


def _ablations(comparison: Comparison, variants: list[str]) -> Table:
    quantities = (OBJECT_ERROR, ROTATION, TRANSLATION, HAND, TEMPORAL_DISTANCE, PENETRATION)
    rows: list[list[Cell]] = [
        [
            variant.replace("no_", "without "),
            *(comparison.difference(q, (PREDICTED, variant), (PREDICTED, JOINT)) for q in quantities),
        ]
        for variant in variants
        if comparison.has(PREDICTED, variant)
    ]
    head = ["variant", *(f"{q.label} [{q.unit}]" for q in quantities)]
    notes = [
        "Variant minus joint, predicted cues: positive where the variant is worse (but a lower temporal distance is no "
        "gain by itself). Errors are compared in the frames that both have. Same tracked records for all."
    ]
    return Table("ablations", "Ablations, difference to joint within each clip", head, rows, notes)


def _clips(comparison: Comparison) -> Table:
    quantities = (OBJECT_ERROR, ROTATION_MEDIAN, TRANSLATION, HAND, OBJECT_LOST, HAND_LOST)
    order = np.argsort(-_badness(comparison), kind="stable")
    rows: list[list[Cell]] = []
    for place in order:
        clip = comparison.clips[place]
        outcome = comparison.outcome(clip, PREDICTED, JOINT)
        if outcome is None:
            continue
        occlusion = outcome.about.get("occlusion")
        numbers = [float(q.factor * outcome.figure(q.figure)) for q in quantities]
        hidden = None if occlusion is None else f"{100 * occlusion:.0f}"
        rows.append([clip, hidden, outcome.frames, *numbers, outcome.failed or None])
    head = ["clip", "object hidden [%]", "frames", *(f"{q.label} [{q.unit}]" for q in quantities), "failed"]
    return Table("clips", "Clips, predicted cues, worst first", head, rows, ["Worst by ADD-S AUC, lost is wrong."])


def _badness(comparison: Comparison) -> np.ndarray:
    """One minus the ADD-S AUC of each clip."""
    area = comparison.values(Quantity("", "object: ADD-S AUC to 0.1 m", 1.0, ""), PREDICTED, JOINT)
    return np.where(np.isfinite(area), 1 - area, -1.0)


def worst_clips(comparison: Comparison, count: int) -> list[str]:
    """Names of the clips with the lowest ADD-S AUC, worst first."""
    return [comparison.clips[i] for i in np.argsort(-_badness(comparison), kind="stable")[:count]]


def _seconds(comparison: Comparison) -> Table:
    rows: list[list[Cell]] = []
    for cues in WORDS:
        for variant in comparison.variants(cues) if cues in ("predicted", "oracle_masks") else []:
            if variant.startswith("no_"):
                continue
            each = [1e3 * comparison.seconds(stage, cues, variant) for stage in ("track", "optimise", "wall")]
            rows.append([WORDS[cues], WORDS[variant], *each])
    head = ["cues", "variant", "perception and tracking [CPU ms]", "joint stage [CPU ms]", "both [wall ms]"]
    return Table(
        "seconds",
        "Time for each frame",
        head,
        rows,
        ["Includes compiling on first use. Wall times include what else the machine did."],
    )
