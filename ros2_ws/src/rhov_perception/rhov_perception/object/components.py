"""One connected region out of a noisy mask."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import BoolArray


def main_component(mask: BoolArray, holes: BoolArray | None = None) -> BoolArray:
    """The largest connected region of a mask (H, W), with its holes filled; an empty mask stays empty.

    Args:
        mask: (H, W)
        holes: (H, W) pixels that may stay holes: what lies in front of the object.
    """
    contours, _ = cv2.findContours(
        np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    out = np.zeros(mask.shape, np.uint8)
    if contours:
        # the outline's own pixels count too: the area of a line of pixels is 0
        largest = max(contours, key=lambda contour: cv2.contourArea(contour) + len(contour))
        cv2.drawContours(out, [largest], -1, (1,), cv2.FILLED)
    filled = out.view(np.bool_)
    return filled if holes is None else filled & ~(holes & ~mask)
