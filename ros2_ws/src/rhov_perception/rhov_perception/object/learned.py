"""What a network that was taught with rendered pictures says about which pixels show a held object."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.band import HAND_INSIDE, HAND_OUTSIDE
from rhov_perception.object.color_model import EVIDENCE_LIMIT, ColorModel, color_cells
from rhov_perception.object.network import INPUTS, SIDE, HeldObjectNetwork
from rhov_perception.object.network_parts import with_weights
from rhov_perception.object.opinion import LIMIT, Opinion
from rhov_perception.object.region import Region

WIDTH = 1.8
"""The network sees a square that is so many times as wide as the object is long."""
LEAST_WIDTH = 48
"""The square is not smaller than this [pixel]."""


class HeldObjectFinder:
    """Asks the network."""

    def __init__(self) -> None:
        self._network = _network()

    def __reduce__(self) -> tuple[type[HeldObjectFinder], tuple[()]]:
        """The weights come with the package, so no snapshot needs to hold them."""
        return HeldObjectFinder, ()

    def ask(
        self,
        image: ByteArray,
        hand_mask: BoolArray | None,
        known: BoolArray | Region,
        colors: ColorModel | None = None,
    ) -> Opinion | None:
        """What the network says around what is known of the object; None if that is nothing.

        Args:
            image: (H, W, 3) BGR.
            hand_mask: (H, W) where the hand is drawn.
            known: Mask (H, W) of about where the object is seen, or a box around it.
            colors: Of the object and its surroundings, if they are known.
        """
        box = known if isinstance(known, Region) else Region.around(known, 0)
        if box is None:
            return None
        side = max(LEAST_WIDTH, round(WIDTH * max(box.x1 - box.x0, box.y1 - box.y0)))
        corner = (box.x0 + box.x1 - side) // 2, (box.y0 + box.y1 - side) // 2
        x = np.zeros((1, INPUTS, SIDE, SIDE), np.float32)
        picture = _square(image, corner, side, cv2.BORDER_REPLICATE)
        x[0, :3] = picture.transpose(2, 0, 1) / np.float32(255) - np.float32(0.5)
        if hand_mask is not None:
            x[0, 3] = _square(_bytes(hand_mask), corner, side) > 127
        if colors is not None:
            x[0, 5] = color_channel(picture, x[0, 3] > 0, colors)
        if isinstance(known, Region):
            inside = np.zeros(image.shape[:2], np.uint8)
            inside[known.slices] = 255
            x[0, 4] = np.float32(0.5) * (_square(inside, corner, side) > 127)
        else:
            x[0, 4] = _square(_bytes(known), corner, side) > 127
        with torch.inference_mode():
            said = self._network(torch.from_numpy(x))[0, 0].clamp(-LIMIT, LIMIT).numpy()
        return Opinion(corner, np.asarray(cv2.resize(said, (side, side), interpolation=cv2.INTER_LINEAR), np.float32))


def color_channel(picture: ByteArray, hand: BoolArray, colors: ColorModel) -> NDArray[np.float32]:
    """How much each pixel's colour (H, W, 3) speaks for the object, -1 to 1, given where the hand (H, W) is drawn."""
    share = np.where(hand, np.float32(HAND_INSIDE), np.float32(HAND_OUTSIDE))
    odds = colors.evidence(color_cells(np.ascontiguousarray(picture)), share)
    return np.asarray(np.clip(odds / np.float32(EVIDENCE_LIMIT), -1, 1), np.float32)


def _square(image: ByteArray, corner: tuple[int, int], side: int, border: int = cv2.BORDER_CONSTANT) -> ByteArray:
    """A square of an image, as large as the network sees it."""
    (x, y), (height, width) = corner, image.shape[:2]
    part: Any = image[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)]
    before, after = (max(-y, 0), max(-x, 0)), (max(y + side - height, 0), max(x + side - width, 0))
    if any(before) or any(after):
        part = cv2.copyMakeBorder(part, before[0], after[0], before[1], after[1], border)
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (SIDE, SIDE), interpolation=how), np.uint8)


def _bytes(mask: BoolArray) -> ByteArray:
    return np.where(mask, np.uint8(255), np.uint8(0))


@lru_cache(maxsize=1)
def _network() -> HeldObjectNetwork:
    """With the weights that come with the package."""
    return with_weights(HeldObjectNetwork(), "held_object.npz")
