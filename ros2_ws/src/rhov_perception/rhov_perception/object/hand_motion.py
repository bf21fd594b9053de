"""Where the object is, if it has moved with the hand since both were seen."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.cues import HandEstimate

PALM = (0, 1, 2, 5, 6, 9, 10, 13, 14, 17, 18)
"""Keypoints that hardly move against one another: wrist, knuckles and what is next to them."""


class HandMotion:
    """Remembers hand and object where both were last seen.

    The flow loses things that move by more than their own width from frame to frame, and says nothing of what was out
    of sight; a held object is then found where the hand is.
    """

    def __init__(self) -> None:
        self._last: tuple[FloatArray, BoolArray] | None = None

    def note(self, hand: HandEstimate | None, mask: BoolArray | None) -> None:
        """Takes over a frame in which both were seen; another frame changes nothing."""
        if hand is not None and mask is not None:
            self._last = hand.keypoints, mask

    def carry(self, hand: HandEstimate | None) -> BoolArray | None:
        """The mask (H, W) last seen, moved as the palm has moved in the image: turned, shifted and scaled.

        Returns:
            None if nothing is known, or the mask has left the image.
        """
        if hand is None or self._last is None:
            return None
        keypoints, mask = self._last
        before, now = keypoints[list(PALM)], hand.keypoints[list(PALM)]
        A, _ = cv2.estimateAffinePartial2D(before, now, method=cv2.LMEDS)
        if A is None or not np.isfinite(A).all():
            return None
        moved = cv2.warpAffine(mask.view(np.uint8), A, mask.shape[::-1], flags=cv2.INTER_NEAREST).view(np.bool_)
        return moved if moved.any() else None
