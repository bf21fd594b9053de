"""Looking for the object in the whole image by its colours, when it was lost from sight."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.band import EVIDENCE_LIMIT
from rhov_perception.object.color_model import ColorModel, color_cells

SMOOTHING = 2.0
"""Standard deviation over which neighbouring pixels support one another [pixel]."""
ON_HAND = 0.7
"""How probably what is not object is hand, where the hand is drawn."""


def like_colored(
    image: ByteArray, colors: ColorModel, hand_mask: BoolArray | None, least_area: float
) -> BoolArray | None:
    """The region (H, W) of an image whose colours speak most for the object.

    Args:
        image: (H, W, 3) BGR.
        colors: Known from before.
        hand_mask: (H, W) where the hand is drawn.
        least_area: Smaller regions are left out [pixel].

    Returns:
        None if there is no such region.
    """
    share = None if hand_mask is None else hand_mask.astype(np.float32) * np.float32(ON_HAND)
    evidence = np.clip(colors.evidence(color_cells(image), share), -EVIDENCE_LIMIT, EVIDENCE_LIMIT)
    smooth = np.asarray(cv2.GaussianBlur(evidence, (0, 0), SMOOTHING), np.float32)
    likely = (smooth > 0).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(likely, connectivity=4)
    total = np.bincount(labels.ravel(), smooth.ravel(), minlength=count)
    total[0] = 0.0  # the background
    total[stats[:, cv2.CC_STAT_AREA] < least_area] = 0.0
    best = int(np.argmax(total))
    return labels == best if total[best] > 0 else None
