"""What the network that finds held objects is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.band import HAND_INSIDE, HAND_OUTSIDE
from rhov_perception.object.color_model import EVIDENCE_LIMIT, ColorModel, color_cells
from rhov_perception.object.network import INPUTS


def network_input(
    picture: ByteArray, hand: BoolArray, known: NDArray[np.float32], colors: ColorModel | None
) -> NDArray[np.float32]:
    """The channels of `INPUTS` (INPUTS, S, S).

    Args:
        picture: (S, S, 3) BGR.
        hand: (S, S) where the hand is drawn.
        known: (S, S) 1 inside a mask of the object, 0.5 inside a box around it, else 0.
        colors: Of the object and its surroundings; None if they are not known.
    """
    x = np.zeros((INPUTS, *hand.shape), np.float32)
    x[:3] = picture.transpose(2, 0, 1) / np.float32(255) - np.float32(0.5)
    x[3], x[4] = hand, known
    if colors is not None:
        x[5] = color_channel(picture, hand, colors)
    return x


def color_channel(picture: ByteArray, hand: BoolArray, colors: ColorModel) -> NDArray[np.float32]:
    """How much each pixel's colour (S, S, 3) speaks for the object, -1 to 1, given where the hand (S, S) is drawn."""
    share = np.where(hand, np.float32(HAND_INSIDE), np.float32(HAND_OUTSIDE))
    odds = colors.evidence(color_cells(np.ascontiguousarray(picture)), share)
    return np.asarray(np.clip(odds / np.float32(EVIDENCE_LIMIT), -1, 1), np.float32)
