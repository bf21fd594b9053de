"""Means over clips and medians over frames, with intervals.

One clip is one unit of the intervals: frames of a clip are not independent of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray

RESAMPLES = 10_000
SEED = 0
CONFIDENCE = 0.95
_PART = 2_000_000
"""Numbers drawn at once: bounds the memory."""


@dataclass(frozen=True)
class Estimate:
    """A mean over clips, or what else a function below says, and the interval that holds it."""

    mean: float
    """The value; NaN without clips."""
    low: float
    high: float
    """The percentile bootstrap's interval; with few clips it is too narrow, with one it is a point."""
    clips: int
    """Clips that had a number."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval, of two clips at least, lies on one side of zero."""
        return self.clips > 1 and (self.low > 0 or self.high < 0)


def mean_over_clips(values: Sequence[float] | FloatArray, confidence: float = CONFIDENCE) -> Estimate:
    """Mean of one number for each clip, with the percentile bootstrap's interval (Efron, 1979).

    Args:
        values: One for each clip; those that are not finite are left out.
        confidence: Of the interval.
    """
    v = np.asarray(values, np.float64)
    v = v[np.isfinite(v)]
    if not len(v):
        return _NOTHING
    rng = np.random.default_rng(SEED)
    means, rows = [], max(1, _PART // len(v))
    for start in range(0, RESAMPLES, rows):
        chosen = rng.integers(0, len(v), (min(rows, RESAMPLES - start), len(v)))
        means.append(v[chosen].mean(1))
    return _with_interval(float(v.mean()), np.concatenate(means), len(v), confidence)


def median_over_frames(series: Sequence[FloatArray], lost: float, confidence: float = CONFIDENCE) -> Estimate:
    """Median over the frames of all clips together, with the percentile bootstrap's interval over clips.

    Args:
        series: One array of errors for each clip.
        lost: What a frame without a finite error counts.
        confidence: Of the interval.
    """
    clips = [np.where(np.isfinite(v), v, lost) for v in (np.asarray(s, np.float64) for s in series) if len(v)]
    if not clips:
        return _NOTHING
    values, owner = np.concatenate(clips), np.repeat(np.arange(len(clips)), [len(v) for v in clips])
    order = values.argsort(kind="stable")
    values, owner = values[order], owner[order]
    rng, medians, rows = np.random.default_rng(SEED), [], max(1, _PART // len(values))
    for start in range(0, RESAMPLES, rows):
        chosen = rng.integers(0, len(clips), (min(rows, RESAMPLES - start), len(clips)))
        drawn = (chosen[:, :, None] == np.arange(len(clips))).sum(1)
        passed = drawn[:, owner].cumsum(1)
        medians.append(values[(2 * passed > passed[:, -1:]).argmax(1)])
    return _with_interval(float(np.median(values)), np.concatenate(medians), len(clips), confidence)


_NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


def _with_interval(value: float, resampled: FloatArray, clips: int, confidence: float) -> Estimate:
    tail = 50 * (1 - confidence)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Estimate(value, float(low), float(high), clips)


def paired_difference(
    values: Sequence[float] | FloatArray, reference: Sequence[float] | FloatArray, confidence: float = CONFIDENCE
) -> Estimate:
    """Mean over clips of the difference within each clip, `values` minus `reference`.

    Args:
        values: One for each clip.
        reference: Of the same clips in the same order; a clip counts where both are finite.
        confidence: Of the interval.
    """
    a, b = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    return mean_over_clips(a - b, confidence)
