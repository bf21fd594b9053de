"""What colours the object, its surroundings and the hand have: smoothed histograms of 32 x 32 x 32 cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray

BINS = 32
PRIOR = 1e-7
"""Weight of "I have never seen this colour", in each histogram: such a pixel is as likely object as not."""
HAND_PRIOR = 1e-5
"""The same for the background where the hand is drawn: a colour that the object does not have is the hand's."""
EVIDENCE_LIMIT = 3.0
"""No single pixel's colour counts for more than this [natural logarithm of the odds]."""

Histogram = NDArray[np.float32]


@dataclass(frozen=True)
class ColorModel:
    """Normalised histograms (32768,) over the cells of `color_cells`; empty ones are all zero."""

    object_colors: Histogram
    background_colors: Histogram
    hand_colors: Histogram

    @classmethod
    def measure(
        cls, cells: NDArray[np.uint16], on_object: BoolArray, around: BoolArray, on_hand: BoolArray | None = None
    ) -> ColorModel:
        """Counts the colours of the pixels marked as object, as surroundings, and as hand.

        Args:
            cells: (H, W) from `color_cells`.
            on_object: (H, W) pixels of the object.
            around: (H, W) pixels of its surroundings.
            on_hand: (H, W) pixels of the hand.
        """
        hand = np.zeros(cells.shape, np.bool_) if on_hand is None else on_hand
        inside, outside, skin = _histograms(cells, on_object, around, hand)
        return cls(smoothed(inside), smoothed(outside), smoothed(skin))

    @property
    def knows_hand(self) -> bool:
        """Whether any pixel of a hand was ever counted."""
        return bool(self.hand_colors.any())

    def blended(self, newer: ColorModel, share: float) -> ColorModel:
        """This model with a share, 0 to 1, of a newer one."""
        w = np.float32(share)
        hand = self.hand_colors if not newer.knows_hand else newer.hand_colors
        if self.knows_hand and newer.knows_hand:
            hand = (1 - w) * self.hand_colors + w * newer.hand_colors
        return ColorModel(
            (1 - w) * self.object_colors + w * newer.object_colors,
            (1 - w) * self.background_colors + w * newer.background_colors,
            hand,
        )

    def evidence(self, cells: NDArray[np.uint16], hand: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Logarithm of the odds (H, W) that a pixel is object, judging by its colour alone.

        Args:
            cells: (H, W) from `color_cells`.
            hand: (H, W) 0 to 1, how probably what is not object is hand.
        """
        share = np.zeros(cells.shape, np.float32) if hand is None else hand
        return _evidence(cells, self.object_colors, self.background_colors, self.hand_colors, share, self.knows_hand)

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
def _histograms(cells: Any, on_object: Any, around: Any, on_hand: Any) -> Any:
    inside, outside = np.zeros(BINS**3, np.float32), np.zeros(BINS**3, np.float32)
    skin = np.zeros(BINS**3, np.float32)
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            if on_object[y, x]:
                inside[cells[y, x]] += 1
            elif on_hand[y, x]:
                skin[cells[y, x]] += 1
            elif around[y, x]:
                outside[cells[y, x]] += 1
    return inside, outside, skin


@numba.njit(cache=True)
def smoothed(histogram: Any) -> Any:
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
def _evidence(cells: Any, object_colors: Any, background_colors: Any, hand_colors: Any, hand: Any, known: bool) -> Any:
    out = np.empty(cells.shape, np.float32)
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            c, share = cells[y, x], hand[y, x]
            f = object_colors[c]
            other = np.float32(share if known else 0)
            b = (1 - other) * background_colors[c] + other * hand_colors[c]
            prior = HAND_PRIOR if share > 0.5 else PRIOR
            out[y, x] = np.log((f + PRIOR) / (b + prior))
    return out
