"""How well a drawn silhouette and a mask agree."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import BoolArray


def overlap(silhouette: BoolArray, mask: BoolArray, ignored: BoolArray | None = None) -> float:
    """Intersection over union, 0 to 1, outside what is ignored; NaN if nothing is left to compare.

    Args:
        silhouette: (H, W)
        mask: (H, W)
        ignored: (H, W), for example the hand.
    """
    union, common = silhouette | mask, silhouette & mask
    if ignored is not None:
        union, common = union & ~ignored, common & ~ignored
    area = np.count_nonzero(union)
    return np.count_nonzero(common) / area if area else float("nan")
