"""Normal equations of the object poses of a whole clip: banded in time, with a few keyframes that touch every frame.

The unknowns are one tangent vector [translation, rotation] for each frame. A residual couples either two frames
at most two apart (flow, smoothness) or a frame and a keyframe (features). Taking the keyframes out leaves a
band of constant width, so that solving and the covariance of every frame cost a time linear in the clip's length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import scipy.linalg as sla
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray

REACH = 2
"""The farthest neighbour in time that is coupled without being a keyframe [frames]."""
_LOWER = 6 * (REACH + 1) - 1


@numba.njit(cache=True)  # type: ignore[misc]
def _band_of_inverse(factor: FloatArray) -> FloatArray:
    """The band of A^-1 from the lower banded Cholesky factor of A (Takahashi's recursion)."""
    width, n = factor.shape
    inverse = np.zeros_like(factor)
    for i in range(n - 1, -1, -1):
        last = min(i + width - 1, n - 1)
        for j in range(last, i - 1, -1):
            total = 0.0
            for k in range(i + 1, last + 1):
                total += factor[k - i, i] * inverse[abs(k - j), min(k, j)]
            value = 1.0 / factor[0, i] if i == j else 0.0
            inverse[j - i, i] = (value - total) / factor[0, i]
    return inverse


def _blocks(inverse: FloatArray, first: NDArray[np.int64], second: NDArray[np.int64]) -> FloatArray:
    """Blocks (n, 6, 6) of pairs of places of the chain, the second not before the first, from the band of A^-1."""
    a, b = np.mgrid[:6, :6]
    row, column = 6 * first[:, None, None] + a, 6 * second[:, None, None] + b
    return inverse[np.abs(column - row), np.minimum(row, column)]


class ClipSystem:
    """Accumulates H and g of `0.5 x' H x + g' x` and solves for the step x.

    Args:
        count: Number of frames.
        keyframes: Positions of the frames that may be coupled with every other.
    """

    def __init__(self, count: int, keyframes: Sequence[int] = ()) -> None:
        self.count = count
        self.keyframes = np.array(sorted(set(keyframes)), np.int64)
        self.gradient = np.zeros((count, 6))
        self._diagonal = np.zeros((count, 6, 6))
        self._next = np.zeros((REACH, count, 6, 6))
        self._arrow = np.zeros((len(self.keyframes), count, 6, 6))
        self._row = {int(frame): row for row, frame in enumerate(self.keyframes)}

    def add(self, frame: int, hessian: FloatArray, gradient: FloatArray) -> None:
        """Adds to one frame's own block (6, 6) and gradient (6,)."""
        self._diagonal[frame] += hessian
        self.gradient[frame] += gradient

    def couple(self, first: int, second: int, block: FloatArray) -> None:
        """Adds the block d2/(dx_first dx_second) (6, 6) of two different frames, and its transpose."""
        if first in self._row:
            self._arrow[self._row[first], second] += block
        elif second in self._row:
            self._arrow[self._row[second], first] += block.T
        elif 0 < second - first <= REACH:
            self._next[second - first - 1, first] += block
        elif 0 < first - second <= REACH:
            self._next[first - second - 1, second] += block.T
        else:
            raise ValueError(f"frames {first} and {second} are {abs(first - second)} apart and neither is a keyframe")

    def solve(self, damping: float = 1e-6) -> FloatArray:
        """The step (count, 6) that minimises the quadratic.

        Args:
            damping: Fraction of the diagonal that is added to it.
        """
        band, arrow, corner, chain = self._assemble(damping)
        step = np.zeros((self.count, 6))
        right = -self.gradient
        top = sla.cho_solve_banded((band, True), right[chain].reshape(-1, 1)) if len(chain) else np.zeros((0, 1))
        if len(self.keyframes):
            spread = sla.cho_solve_banded((band, True), arrow.T) if len(chain) else arrow.T
            schur = corner - arrow @ spread
            below = sla.solve(schur, right[self.keyframes].reshape(-1, 1) - arrow @ top, assume_a="pos")
            top = top - spread @ below
            step[self.keyframes] = below.reshape(-1, 6)
        step[chain] = top.reshape(-1, 6)
        return step

    def include(self, other: ClipSystem, weight: float = 1.0) -> None:
        """Adds the normal equations of another system of the same frames and keyframes, times a weight."""
        self.gradient += weight * other.gradient
        self._diagonal += weight * other._diagonal
        self._next += weight * other._next
        self._arrow += weight * other._arrow

    def hessians(self) -> FloatArray:
        """The blocks (count, 6, 6) on the diagonal of H."""
        return self._diagonal.copy()

    def covariance(self, damping: float = 1e-9) -> FloatArray:
        """The blocks (count, 6, 6) on the diagonal of H^-1."""
        return self.covariances(0, damping)[0]

    def covariances(self, reach: int = REACH, damping: float = 1e-9) -> FloatArray:
        """Blocks (reach + 1, count, 6, 6) of H^-1: entry [gap, i] is that of the frames i and i + gap.

        Entries whose second frame is beyond the end are zero.

        Args:
            reach: The largest gap, at most `REACH`.
            damping: Fraction of the diagonal that is added to it.
        """
        band, arrow, corner, chain = self._assemble(damping)
        inverse = _band_of_inverse(band) if len(chain) else np.zeros((_LOWER + 1, 0))
        place, row = np.full(self.count, -1), np.full(self.count, -1)
        place[chain], row[self.keyframes] = np.arange(len(chain)), np.arange(len(self.keyframes))
        size = 6 * len(self.keyframes)
        spread, factor = np.zeros((6 * len(chain), size)), np.zeros((size, size))
        if size:
            spread = sla.cho_solve_banded((band, True), arrow.T) if len(chain) else arrow.T
            factor = np.linalg.inv(corner - arrow @ spread)
        # How each frame moves with the keyframes: a keyframe with itself, a frame of the chain against its coupling.
        along = np.zeros((self.count, 6, size))
        along[chain] = -spread.reshape(len(chain), 6, size)
        for r, frame in enumerate(self.keyframes):
            along[frame, :, 6 * r : 6 * r + 6] = np.eye(6)
        out = np.zeros((reach + 1, self.count, 6, 6))
        for gap in range(reach + 1):
            first, second = along[: self.count - gap], along[gap:]
            out[gap, : self.count - gap] = (first @ factor) @ second.transpose(0, 2, 1)
            both = np.flatnonzero((place[: self.count - gap] >= 0) & (place[gap:] >= 0))
            out[gap, both] += _blocks(inverse, place[both], place[both + gap])
        return out

    def _assemble(self, damping: float) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.int64]]:
        """Cholesky factor of the chain's band, coupling of keyframes and chain, block of the keyframes, the chain."""
        diagonal = self._diagonal.copy()
        index = np.arange(6)
        diagonal[:, index, index] += damping * diagonal[:, index, index] + 1e-9
        chain = np.setdiff1d(np.arange(self.count), self.keyframes)
        place = np.full(self.count, -1)
        place[chain] = np.arange(len(chain))
        band = np.zeros((_LOWER + 1, 6 * len(chain)))
        for p, frame in enumerate(chain):
            for a in range(6):
                band[: 6 - a, 6 * p + a] += diagonal[frame, a:, a]
            for gap in range(1, REACH + 1):
                block = self._next[gap - 1, frame]
                if frame + gap < self.count and place[frame + gap] >= 0 and block.any():
                    rows = 6 * (place[frame + gap] - p)
                    for a in range(6):
                        band[rows - a : rows - a + 6, 6 * p + a] += block[a]
        size = 6 * len(self.keyframes)
        corner = np.zeros((size, size))
        arrow = np.zeros((size, 6 * len(chain)))
        for row, frame in enumerate(self.keyframes):
            at = slice(6 * row, 6 * row + 6)
            corner[at, at] += diagonal[frame]
            arrow[at] = self._arrow[row, chain].transpose(1, 0, 2).reshape(6, -1)
            for other_row, other in enumerate(self.keyframes):
                to = slice(6 * other_row, 6 * other_row + 6)
                corner[at, to] += self._arrow[row, other]
                corner[to, at] += self._arrow[row, other].T
        factor = sla.cholesky_banded(band, lower=True) if len(chain) else band
        return factor, arrow, corner, chain
