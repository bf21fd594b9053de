"""Agreement of masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def mask_iou(estimate: ArrayLike, truth: ArrayLike, ignore: ArrayLike | None = None) -> float:
    """Intersection over union of two masks (H, W), outside the pixels to ignore; NaN when both are empty."""
    e, t = np.asarray(estimate, bool), np.asarray(truth, bool)
    if ignore is not None:
        keep = ~np.asarray(ignore, bool)
        e, t = e & keep, t & keep
    union = np.count_nonzero(e | t)
    return np.count_nonzero(e & t) / union if union else float("nan")
