"""What a network that was taught with rendered pictures says about which pixels show a held object."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.color_model import ColorModel
from rhov_perception.object.first_sight import FirstSight
from rhov_perception.object.lessons import taught
from rhov_perception.object.network import SIDE, HeldObjectNetwork
from rhov_perception.object.network_input import network_input
from rhov_perception.object.network_parts import with_weights
from rhov_perception.object.opinion import LIMIT, Opinion
from rhov_perception.object.region import Region

WIDTH = 1.8
"""The network sees a square that is so many times as wide as the object is long."""
LEAST_WIDTH = 48
"""The square is not smaller than this [pixel]."""
OBJECT, SKIN = 0, 1
"""Channels of what the network says (`network.OUTPUTS`)."""


class HeldObjectFinder:
    """Asks the network, which can be taught the object that is followed.

    Args:
        learnt: Weights that it had when it knew an object; None for those of the package.
    """

    def __init__(self, learnt: dict[str, NDArray[np.float32]] | None = None) -> None:
        self._network = _network()
        if learnt is not None:
            self._network = copy.deepcopy(self._network)
            self._network.load_state_dict({name: torch.from_numpy(value) for name, value in learnt.items()})

    def __reduce__(self) -> tuple[type[HeldObjectFinder], tuple[dict[str, NDArray[np.float32]] | None]]:
        """The weights come with the package, so a snapshot holds only what was learnt of an object."""
        if self._network is _network():
            return HeldObjectFinder, (None,)
        return HeldObjectFinder, ({name: value.numpy() for name, value in self._network.state_dict().items()},)

    def forget(self) -> None:
        """Knows no object any more."""
        self._network = _network()

    def teach(
        self, image: ByteArray, hand_mask: BoolArray | None, mask: BoolArray, colors: ColorModel | None, lessons: int
    ) -> None:
        """Teaches the network an object, in the place of one that it was taught before.

        Args:
            image: (H, W, 3) BGR.
            hand_mask: (H, W) where the hand is drawn.
            mask: (H, W) where the object is seen.
            colors: Of the object and its surroundings, if they are known.
            lessons: Steps of training; 0 for none.
        """
        self.forget()
        sight = FirstSight.of(image, mask, hand_mask)
        if sight is not None and lessons > 0:
            self._network = taught(self._network, sight, colors, lessons)

    def ask(
        self,
        image: ByteArray,
        hand_mask: BoolArray | None,
        known: BoolArray | Region,
        colors: ColorModel | None = None,
    ) -> Opinion | None:
        """Where the network sees the object around what is known of it; None if that is nothing.

        Args:
            image: (H, W, 3) BGR.
            hand_mask: (H, W) where the hand is drawn.
            known: Mask (H, W) of about where the object is seen, or a box around it.
            colors: Of the object and its surroundings, if they are known.
        """
        return _said(self._network, OBJECT, image, hand_mask, known, colors)

    def skin(
        self, image: ByteArray, hand_mask: BoolArray | None, known: BoolArray, colors: ColorModel | None = None
    ) -> Opinion | None:
        """Where the network sees skin around the object. What it was taught of that has no part in it.

        Args:
            image: (H, W, 3) BGR.
            hand_mask: (H, W) where the hand is drawn.
            known: Mask (H, W) of where the object is seen.
            colors: Of the object and its surroundings, if they are known.
        """
        return _said(_network(), SKIN, image, hand_mask, known, colors)


def _said(
    network: HeldObjectNetwork,
    channel: int,
    image: ByteArray,
    hand_mask: BoolArray | None,
    known: BoolArray | Region,
    colors: ColorModel | None,
) -> Opinion | None:
    box = known if isinstance(known, Region) else Region.around(known, 0)
    if box is None:
        return None
    side = max(LEAST_WIDTH, round(WIDTH * max(box.x1 - box.x0, box.y1 - box.y0)))
    corner = (box.x0 + box.x1 - side) // 2, (box.y0 + box.y1 - side) // 2
    picture = _square(image, corner, side, cv2.BORDER_REPLICATE)
    hand = np.zeros((SIDE, SIDE), np.bool_)
    if hand_mask is not None:
        hand = _square(_bytes(hand_mask), corner, side) > 127
    if isinstance(known, Region):
        inside = box.full(np.ones((box.y1 - box.y0, box.x1 - box.x0), np.bool_), image.shape)
        about = np.float32(0.5) * (_square(_bytes(inside), corner, side) > 127)
    else:
        about = np.float32(1.0) * (_square(_bytes(known), corner, side) > 127)
    x = torch.from_numpy(network_input(picture, hand, about, colors)[None])
    with torch.inference_mode():
        said = network(x)[0, channel].clamp(-LIMIT, LIMIT).numpy()
    return Opinion(corner, np.asarray(cv2.resize(said, (side, side), interpolation=cv2.INTER_LINEAR), np.float32))


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
