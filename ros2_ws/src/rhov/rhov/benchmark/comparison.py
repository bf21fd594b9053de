"""Outcomes of all clips side by side: means over clips, and differences within clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rhov.benchmark.outcome import Outcome
from rhov.benchmark.statistics import Estimate, mean_over_clips, median_over_frames, paired_difference
from rhov_core.arrays import FloatArray


class Quantity(NamedTuple):
    """One number of a clip."""

    label: str
    figure: str
    """Its key in `Outcome.figures`; empty: the mean of `series`."""
    factor: float
    """From metres, radians or fractions to `unit`."""
    unit: str
    series: str = ""
    """The errors of single frames in `Outcome.series` that it is the mean of."""


DEGREES = 180 / np.pi
OBJECT_ERROR = Quantity("object chamfer", "object: chamfer, translation aligned", 1e3, "mm", "chamfer")
ROTATION = Quantity("object rotation error", "object: rotation error, symmetric", DEGREES, "deg", "rotation")
ROTATION_MEDIAN = Quantity("object rotation error, median", "object: rotation error, symmetric, median", DEGREES, "deg")
OBJECT_ERROR_GIVEN = Quantity("object chamfer, lost frames too", "", 1e3, "mm", "chamfer_given")
TRANSLATION_GIVEN = Quantity("object translation error, lost frames too", "", 1e3, "mm", "translation_given")
TRANSLATION = Quantity("object translation error", "object: translation error, symmetric", 1e3, "mm", "translation")
HAND = Quantity("hand MPJPE", "hand: MPJPE, Procrustes", 1e3, "mm", "hand")
HAND_ROOT = Quantity("hand MPJPE", "hand: MPJPE, root-relative", 1e3, "mm")
TEMPORAL_DISTANCE = Quantity("temporal distance", "object: temporal distance", 1e3, "mm")
TEMPORAL_DISTANCE_TRUE = Quantity("temporal distance of the truth", "object: temporal distance of the truth", 1e3, "mm")
OBJECT_LOST = Quantity("object frames lost", "object: frames lost", 100.0, "%")
HAND_LOST = Quantity("hand frames lost", "hand: frames lost", 100.0, "%")


@dataclass(frozen=True)
class Comparison:
    """The outcomes of a benchmark."""

    outcomes: Sequence[Outcome]

    @property
    def clips(self) -> list[str]:
        """Names of the clips, in order."""
        return list(dict.fromkeys(outcome.clip for outcome in self.outcomes))

    def variants(self, cues: str) -> list[str]:
        """Names of the variants that were run with a kind of cues, in order."""
        return list(dict.fromkeys(outcome.variant for outcome in self.outcomes if outcome.cues == cues))

    def has(self, cues: str, variant: str) -> bool:
        """Whether a variant was run with a kind of cues."""
        return variant in self.variants(cues)

    def outcome(self, clip: str, cues: str, variant: str) -> Outcome | None:
        """One outcome."""
        return next((o for o in self.outcomes if (o.clip, o.cues, o.variant) == (clip, cues, variant)), None)

    def values(self, quantity: Quantity, cues: str, variant: str) -> FloatArray:
        """One number for each clip, NaN where there is none."""
        found = [self.outcome(clip, cues, variant) for clip in self.clips]
        return np.array([np.nan if o is None else quantity.factor * _number(o, quantity) for o in found])

    def mean(self, quantity: Quantity, cues: str, variant: str) -> Estimate:
        """The mean over clips."""
        return mean_over_clips(self.values(quantity, cues, variant))

    def median_rotation(self, cues: str, variant: str) -> Estimate:
        """The object's rotation error [deg], median over the annotated frames of all clips; lost frames count 180."""
        found = [o for o in self.outcomes if (o.cues, o.variant) == (cues, variant) and "rotation" in o.series]
        errors = [o.series["rotation"][o.series["object_annotated"] > 0] for o in found]
        return median_over_frames([DEGREES * each for each in errors], lost=180.0)

    def ratio(self, quantity: Quantity, reference: Quantity, cues: str, variant: str) -> Estimate:
        """The mean over clips of one number over another."""
        a, b = (self.values(q, cues, variant) for q in (quantity, reference))
        return mean_over_clips(np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0))

    def seconds(self, stage: str, cues: str, variant: str) -> float:
        """Seconds for each frame of a stage, mean over clips; NaN if it was not timed."""
        found = [o for o in self.outcomes if (o.cues, o.variant) == (cues, variant) and o.frames]
        return mean_over_clips([o.seconds.get(stage, np.nan) / o.frames for o in found]).mean

    def difference(self, quantity: Quantity, first: tuple[str, str], second: tuple[str, str]) -> Estimate:
        """The mean over clips of `first` minus `second`, each a kind of cues and a variant.

        Errors that are known for single frames are compared in the frames that both have, so that a variant gains
        nothing by losing the difficult ones.
        """
        if not quantity.series:
            return paired_difference(self.values(quantity, *first), self.values(quantity, *second))
        differences = []
        for clip in self.clips:
            a, b = self.outcome(clip, *first), self.outcome(clip, *second)
            if a is None or b is None:
                continue
            each = a.series[quantity.series] - b.series[quantity.series]
            each = each[np.isfinite(each)]
            differences.append(quantity.factor * each.mean() if len(each) else np.nan)
        return mean_over_clips(differences)


def _number(outcome: Outcome, quantity: Quantity) -> float:
    if quantity.figure:
        return outcome.figure(quantity.figure)
    series = outcome.series.get(quantity.series, np.empty(0))
    finite = series[np.isfinite(series)]
    return float(finite.mean()) if len(finite) else float("nan")
