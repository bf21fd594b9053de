"""How far pixels are from the border of a mask, found only for the pixels that are asked for.

A fit asks for a few thousand pixels next to its contour, so a distance transform of the whole image does most of its
work in vain. Distances within each column are found for all pixels at once, and those of single pixels from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray

FARTHEST = 254
"""Larger distances count as this [pixel]."""
DIAGONAL, KNIGHT = 1.4, 2.1969
"""Distances of the pixels one aside and one down, and one aside and two down: a way is the sum of such steps, which is
right to 2 %. Those of OpenCV's distance transforms."""


@dataclass(frozen=True)
class BorderDistance:
    """Signed distances to the border of a mask, positive outside [pixel]."""

    mask: NDArray[np.uint8]
    """(h, w) 1 inside."""
    gaps: NDArray[np.uint8]
    """(h, w) to the nearest pixel of the other side in the same column [pixel]."""
    known: NDArray[np.float32]
    """(h, w) those that were asked for; 0 elsewhere."""

    @classmethod
    def of(cls, mask: BoolArray) -> BorderDistance:
        """Prepares a contiguous mask (h, w)."""
        inside, gaps = mask.view(np.uint8), np.full(mask.shape, FARTHEST, np.uint8)
        _find_gaps(inside, gaps)
        return cls(inside, gaps, np.zeros(mask.shape, np.float32))

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> FloatArray:
        """Distances (N,) of pixels (N,) of the mask."""
        out = np.empty(len(rows))
        _find_all(self.mask, self.gaps, self.known, rows, columns, out)
        return out

    @property
    def shape(self) -> tuple[int, ...]:
        """(h, w)"""
        return self.mask.shape

    @property
    def nbytes(self) -> int:
        """Memory [byte]."""
        return self.mask.nbytes + self.gaps.nbytes + self.known.nbytes


@numba.njit(cache=True)
def signed_distance(mask: Any, gaps: Any, known: Any, row: int, column: int) -> float:
    """The distance of one pixel; see `BorderDistance`."""
    if known[row, column] == 0.0:
        known[row, column] = _found(mask, gaps, row, column)
    return known[row, column]


@numba.njit(cache=True)
def _found(mask: Any, gaps: Any, row: int, column: int) -> float:
    """The border runs half a pixel before the nearest pixel of the other side."""
    side, width = mask[row, column], mask.shape[1]
    nearest, across = float(gaps[row, column]), 1
    while across < nearest:
        for beside in (column - across, column + across):
            if 0 <= beside < width:
                down = int(gaps[row, beside]) if mask[row, beside] == side else 0
                nearest = min(nearest, _length(max(across, down), min(across, down)))
        across += 1
    distance = nearest - 0.5
    return -distance if side else distance


@numba.njit(cache=True)
def _length(more: int, less: int) -> float:
    """Length of a way of so many rows and columns, or the other way round, of which the first are not fewer."""
    if more >= 2 * less:
        return less * KNIGHT + (more - 2 * less)
    return (more - less) * KNIGHT + (2 * less - more) * DIAGONAL


@numba.njit(cache=True)
def _find_all(mask: Any, gaps: Any, known: Any, rows: Any, columns: Any, out: Any) -> None:
    for n in range(out.shape[0]):
        out[n] = signed_distance(mask, gaps, known, rows[n], columns[n])


@numba.njit(cache=True)
def _find_gaps(mask: Any, gaps: Any) -> None:
    """Down the columns and up again, whole rows at a time."""
    last = mask.shape[0] - 1
    for y in range(1, last + 1):
        _pass_on(mask[y - 1], gaps[y - 1], mask[y], gaps[y])
    for y in range(last - 1, -1, -1):
        _pass_on(mask[y + 1], gaps[y + 1], mask[y], gaps[y])


@numba.njit(cache=True)
def _pass_on(beside: Any, known: Any, mask: Any, gaps: Any) -> None:
    """Shortens a row's gaps by those of the row beside it; in 8-bit integers, for the compiler to use vectors."""
    one = np.uint8(1)
    for x in range(gaps.shape[0]):
        gap = np.uint8(known[x] + one) if mask[x] == beside[x] else one
        gaps[x] = gap if gap < gaps[x] else gaps[x]
