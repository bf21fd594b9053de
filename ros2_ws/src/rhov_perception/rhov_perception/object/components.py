"""The pieces of an object in a noisy mask."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray

LEAST_PIECE = 0.01
"""A piece with a smaller part of the largest one's area is noise."""
LARGE_PIECE = 0.25
"""A piece with a larger part of the largest one's area is more than a thing of the same colour nearby."""
REACH = 5
"""A piece this near to the hand may be the object's on the other side of a finger [pixel]."""


def object_pieces(
    mask: BoolArray, hand: BoolArray | None = None, believed: BoolArray | None = None, *, large: bool = False
) -> BoolArray:
    """The largest region of a mask with those that belong to it, holes filled; an empty mask stays empty.

    A hand in front of the object cuts its visible part to pieces, so pieces that lie by the hand are kept. Holes stay
    where the hand is drawn or where the object is believed not to be, as in the handle of a mug; elsewhere they are
    prints whose colours the surroundings have too.

    Args:
        mask: (H, W)
        hand: (H, W) where the hand is drawn.
        believed: (H, W) where the object is believed to be: a piece that lies mostly there is kept.
        large: Whether to keep large pieces too, wherever they are.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_bytes(mask), connectivity=4)
    if count == 1:
        return mask.copy()
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0  # the background
    kept = areas >= LARGE_PIECE * areas.max() if large else np.zeros(count, np.bool_)
    if hand is not None:
        square = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
        kept |= _counts(labels, cv2.dilate(_bytes(hand), square).view(np.bool_), count) > 0
    if believed is not None:
        kept |= _counts(labels, believed, count) > areas / 2
    kept &= areas >= max(LEAST_PIECE * areas.max(), 1)
    kept[np.argmax(areas)] = True
    found = kept[labels]
    holes = _holes(found)
    if hand is not None:
        holes &= ~hand
    return found | (holes if believed is None else holes & believed)


def _holes(mask: BoolArray) -> BoolArray:
    """What the mask encloses."""
    contours, _ = cv2.findContours(_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, contours, -1, (1,), cv2.FILLED)
    return filled.view(np.bool_) & ~mask


def _counts(labels: Any, where: BoolArray, count: int) -> NDArray[np.int64]:
    """How many pixels of each component lie in a mask."""
    return np.bincount(labels[where], minlength=count)


def _bytes(mask: BoolArray) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask).view(np.uint8)
