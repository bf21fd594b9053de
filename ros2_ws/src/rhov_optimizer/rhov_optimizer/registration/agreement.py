"""How well a drawn silhouette and a mask agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from rhov_core.arrays import BoolArray


@dataclass(frozen=True)
class Agreement:
    """Areas of a silhouette and a mask outside what is ignored [pixel]."""

    drawn: int
    """Of the silhouette."""
    seen: int
    """Of the mask."""
    common: int
    """Of both."""

    @classmethod
    def of(
        cls, silhouette: BoolArray, mask: BoolArray, ignored: BoolArray | None = None, *, x0: int = 0, y0: int = 0
    ) -> Agreement:
        """Counts pixels.

        Args:
            silhouette: (h, w) of a region of the image; nothing is drawn outside.
            mask: (H, W) of the image.
            ignored: (H, W), for example the hand.
            x0: First column of the region [pixel].
            y0: First row of the region [pixel].
        """
        if ignored is not None:
            areas = _areas_outside(silhouette.view(np.uint8), mask.view(np.uint8), ignored.view(np.uint8), x0, y0)
            return cls(*areas)
        height, width = silhouette.shape
        common = silhouette & mask[y0 : y0 + height, x0 : x0 + width]
        return cls(*(int(np.count_nonzero(area)) for area in (silhouette, mask, common)))

    @property
    def iou(self) -> float:
        """Intersection over union, 0 to 1; NaN if nothing is left to compare."""
        union = self.drawn + self.seen - self.common
        return self.common / union if union else float("nan")

    @property
    def covered(self) -> float:
        """How much of the mask lies under the silhouette, 0 to 1; NaN if nothing of it is left."""
        return self.common / self.seen if self.seen else float("nan")


def overlap(silhouette: BoolArray, mask: BoolArray, ignored: BoolArray | None = None) -> float:
    """Intersection over union, 0 to 1, outside what is ignored; NaN if nothing is left to compare.

    Args:
        silhouette: (H, W)
        mask: (H, W)
        ignored: (H, W), for example the hand.
    """
    return Agreement.of(silhouette, mask, ignored).iou


@numba.njit(cache=True)
def _areas_outside(silhouette: Any, mask: Any, ignored: Any, x0: int, y0: int) -> tuple[int, int, int]:
    drawn, seen, common = 0, 0, 0
    for y in range(mask.shape[0]):
        seen += _count(mask[y], ignored[y])
    for y in range(silhouette.shape[0]):
        row = silhouette[y]
        beneath, unknown = mask[y0 + y, x0 : x0 + len(row)], ignored[y0 + y, x0 : x0 + len(row)]
        drawn += _count(row, unknown)
        common += _count_both(row, beneath, unknown)
    return drawn, seen, common


@numba.njit(cache=True)
def _count(row: Any, ignored: Any) -> Any:
    """Pixels of a row outside what is ignored, in 32-bit integers for the compiler to use vectors."""
    count = np.int32(0)
    for x in range(row.shape[0]):
        count = np.int32(count + np.int32(row[x] > ignored[x]))
    return count


@numba.njit(cache=True)
def _count_both(row: Any, other: Any, ignored: Any) -> Any:
    """The same, of what two rows have in common."""
    count = np.int32(0)
    for x in range(row.shape[0]):
        count = np.int32(count + np.int32((row[x] & other[x]) > ignored[x]))
    return count
