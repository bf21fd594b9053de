"""Which pixels show the object, or skin, as a network says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray
from rhov_perception.object.region import Region

LIMIT = 8.0
"""Log odds beyond this are all the same, and those outside the square are this far below zero."""


@dataclass(frozen=True)
class Opinion:
    """What the network says about a square of the image, which may reach beyond the image's border."""

    corner: tuple[int, int]
    """x, y of the square's top-left pixel."""
    odds: NDArray[np.float32]
    """(S, S) log odds that a pixel shows it."""

    def inside(self, region: Region) -> NDArray[np.float32]:
        """The log odds (h, w) of the pixels of a region."""
        out = np.full((region.y1 - region.y0, region.x1 - region.x0), -LIMIT, np.float32)
        (x, y), side = self.corner, len(self.odds)
        x0, y0 = max(x, region.x0), max(y, region.y0)
        x1, y1 = min(x + side, region.x1), min(y + side, region.y1)
        if x0 < x1 and y0 < y1:
            here = slice(y0 - region.y0, y1 - region.y0), slice(x0 - region.x0, x1 - region.x0)
            out[here] = self.odds[y0 - y : y1 - y, x0 - x : x1 - x]
        return out

    def agreed(self, mask: BoolArray, least: float) -> BoolArray:
        """A mask (H, W) without the pixels that the network has seen and finds less likely than some log odds."""
        (x, y), side = self.corner, len(self.odds)
        here = slice(max(y, 0), max(y + side, 0)), slice(max(x, 0), max(x + side, 0))
        out, part = mask.copy(), mask[here]
        out[here] &= self.odds[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]] >= least
        return out

    def certainty(self, mask: BoolArray) -> float:
        """The overlap (Dice, 0 to 1) of a mask (H, W) with the object that is to be expected, going by the odds."""
        (x, y), side, (height, width) = self.corner, len(self.odds), mask.shape
        square = Region(max(x, 0), max(y, 0), min(x + side, width), min(y + side, height))
        if square.x0 >= square.x1 or square.y0 >= square.y1:
            return 0.0  # all of it is outside the image
        probability = 1 / (1 + np.exp(-self.inside(square)))
        common = float(probability[mask[square.slices]].sum())
        return 2 * common / max(1.0, np.count_nonzero(mask) + float(probability.sum()))
