"""How well a drawn silhouette and a mask agree."""

from __future__ import annotations

import numba
import numpy as np

from rhov_core.arrays import BoolArray


def overlap(silhouette: BoolArray, mask: BoolArray, ignored: BoolArray | None = None) -> float:
    """Intersection over union, 0 to 1, outside what is ignored; NaN if nothing is left to compare.

    Args:
        silhouette: (H, W)
        mask: (H, W)
        ignored: (H, W), for example the hand.
    """
    drawn, seen, common = _areas(silhouette, mask, ignored)
    union = drawn + seen - common
    return common / union if union else float("nan")


def covered(silhouette: BoolArray, mask: BoolArray, ignored: BoolArray | None = None) -> float:
    """How much of a mask lies under a silhouette, 0 to 1, outside what is ignored; NaN if nothing of it is left.

    Args:
        silhouette: (H, W)
        mask: (H, W)
        ignored: (H, W), for example the hand.
    """
    _, seen, common = _areas(silhouette, mask, ignored)
    return common / seen if seen else float("nan")


def _areas(silhouette: BoolArray, mask: BoolArray, ignored: BoolArray | None) -> tuple[int, int, int]:
    """Pixels of the silhouette, of the mask and of both, outside what is ignored."""
    flat = np.ravel(silhouette), np.ravel(mask)
    return _count(*flat) if ignored is None else _count_outside(*flat, np.ravel(ignored))


@numba.njit(cache=True)
def _count(silhouette, mask):  # type: ignore[no-untyped-def]
    drawn, seen, common = 0, 0, 0
    for n in range(silhouette.shape[0]):
        drawn += silhouette[n]
        seen += mask[n]
        common += silhouette[n] & mask[n]
    return drawn, seen, common


@numba.njit(cache=True)
def _count_outside(silhouette, mask, ignored):  # type: ignore[no-untyped-def]
    drawn, seen, common = 0, 0, 0
    for n in range(silhouette.shape[0]):
        counts = not ignored[n]
        drawn += silhouette[n] & counts
        seen += mask[n] & counts
        common += silhouette[n] & mask[n] & counts
    return drawn, seen, common
