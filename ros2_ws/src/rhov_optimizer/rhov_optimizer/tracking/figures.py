"""Figures of each tracked frame, for plots and reports."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rhov_core.object_estimate import ObjectEstimate


def per_frame_figures(estimates: Sequence[ObjectEstimate]) -> dict[str, list[float | None]]:
    """Mask overlap (0 to 1), feature inliers and residual [pixel] of each frame; None where one is missing."""
    return {
        "mask_iou": [None if math.isnan(e.mask_iou) else e.mask_iou for e in estimates],
        "feature_inliers": [e.feature_inliers for e in estimates],
        "residual_px": [None if math.isnan(e.residual) else e.residual for e in estimates],
    }
