"""What colours the object and its surroundings have: two smoothed histograms of 32 x 32 x 32 cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray

BINS = 32
PRIOR = 1e-7
"""Weight of "I have never seen this colour", in both histograms: such a pixel is as likely object as not."""
HAND_PRIOR = 1e-5
"""The same for the background where the hand is drawn: a colour that the object does not have is the hand's."""

Histogram = NDArray[np.float32]


@dataclass(frozen=True)
class ColorModel:
    """Normalised histograms (32768,) over the cells of `color_cells`."""

    object_colors: Histogram
    background_colors: Histogram

    @classmethod
    def measure(cls, cells: NDArray[np.uint16], on_object: BoolArray, around: BoolArray) -> ColorModel:
        """Counts the colours of the pixels marked as object and of those marked as surroundings.

        Args:
            cells: (H, W) from `color_cells`.
            on_object: (H, W) pixels of the object.
            around: (H, W) pixels of its surroundings.
        """
        inside, outside = _histograms(cells, on_object, around)
        return cls(_smoothed(inside), _smoothed(outside))

    def blended(self, newer: ColorModel, share: float) -> ColorModel:
        """This model with a share, 0 to 1, of a newer one."""
        w = np.float32(share)
        return ColorModel(
            (1 - w) * self.object_colors + w * newer.object_colors,
            (1 - w) * self.background_colors + w * newer.background_colors,
        )

    def probability(self, cells: NDArray[np.uint16], hand_mask: BoolArray | None = None) -> NDArray[np.float32]:
        """Probability (H, W) that a pixel is object, judging by its colour alone.

        Args:
            cells: (H, W) from `color_cells`.
            hand_mask: (H, W) where colours that the object does not have are taken for the hand's.
        """
        hand = np.zeros(cells.shape, np.bool_) if hand_mask is None else hand_mask
        return _probability(cells, self.object_colors, self.background_colors, hand)

    @property
    def separation(self) -> float:
        """How well colours tell the object from its surroundings, 0 (not at all) to 1 (no colour in common)."""
        return 1 - _overlap(self.object_colors, self.background_colors)

    def resemblance(self, other: ColorModel) -> float:
        """How alike the object's colours are in two models, 0 (none in common) to 1 (the same)."""
        return _overlap(self.object_colors, other.object_colors)


def _overlap(a: Histogram, b: Histogram) -> float:
    """Bhattacharyya coefficient of two distributions; rounding may not take it beyond 1."""
    return float(np.clip(np.sqrt(a * b).sum(), 0, 1))


@numba.njit(cache=True)
def color_cells(image: ByteArray) -> NDArray[np.uint16]:
    """Histogram cells (H, W) of the pixels (H, W, 3) of an image."""
    height, width = image.shape[:2]
    cells = np.empty((height, width), np.uint16)
    for y in range(height):
        for x in range(width):
            b, g, r = image[y, x, 0] >> 3, image[y, x, 1] >> 3, image[y, x, 2] >> 3
            cells[y, x] = (np.uint16(b) << 10) | (np.uint16(g) << 5) | np.uint16(r)
    return cells


@numba.njit(cache=True)
def _histograms(cells: Any, on_object: Any, around: Any) -> Any:
    inside, outside = np.zeros(BINS**3, np.float32), np.zeros(BINS**3, np.float32)
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            if on_object[y, x]:
                inside[cells[y, x]] += 1
            elif around[y, x]:
                outside[cells[y, x]] += 1
    return inside, outside


@numba.njit(cache=True)
def _smoothed(histogram: Any) -> Any:
    """Convolves with [1 2 1] / 4 along the three colour axes and normalises to a sum of 1."""
    total = max(histogram.sum(), np.float32(1))
    h = histogram / total
    for step in (1, BINS, BINS * BINS):
        out = np.empty_like(h)
        for i in range(h.size):
            place = (i // step) % BINS
            low = h[i - step] if place > 0 else h[i]
            high = h[i + step] if place < BINS - 1 else h[i]
            out[i] = np.float32(0.25) * (low + high) + np.float32(0.5) * h[i]
        h = out
    return h


@numba.njit(cache=True)
def _probability(cells: Any, object_colors: Any, background_colors: Any, hand: Any) -> Any:
    out = np.empty(cells.shape, np.float32)
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            f, b = object_colors[cells[y, x]], background_colors[cells[y, x]]
            prior = HAND_PRIOR if hand[y, x] else PRIOR
            out[y, x] = (f + PRIOR) / (f + b + PRIOR + prior)
    return out
