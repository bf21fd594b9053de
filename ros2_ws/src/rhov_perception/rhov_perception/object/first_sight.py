"""Pictures of one object as it may look later, made from the first that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray, FloatArray

WIDEST, NARROWEST = 2.5, 1.4
"""Pictures are so many times as wide as the object is long."""
AROUND = 2.5
"""So many times its length around the object may come into a picture."""
FILLED_AT = 220
"""What is behind the object is guessed in a picture reduced to this side [pixel]."""
MOVED = 0.6
"""Share of pictures in which the object has been taken from its place."""
WAY, TURN, SIZE, SQUASH = 0.35, 0.7, (0.75, 1.3), 0.15
"""How far it has moved [of its length], turned in the picture [rad], how large it is, and how its shape is changed."""
LIGHT, GRADIENT = 0.15, 0.25
"""How its light differs, all over and from side to side [natural logarithm]."""
HAND_ALONG = 0.7
"""How often the drawn hand has moved with it."""


@dataclass(frozen=True)
class FirstSight:
    """The picture around the object, with it and without."""

    image: ByteArray
    """(h, w, 3) BGR."""
    without: ByteArray
    """(h, w, 3) the same with a guess in the place of the object: its shadow stays."""
    mask: ByteArray
    """(h, w) 0 or 255: the object."""
    hand: ByteArray
    """(h, w) 0 or 255: where the hand is drawn."""
    centre: FloatArray
    """(2,) of the object [pixel]."""
    length: float
    """Of the object [pixel]."""

    @classmethod
    def of(cls, image: ByteArray, mask: BoolArray, hand_mask: BoolArray | None) -> FirstSight | None:
        """Cut from an image (H, W, 3), given where the object (H, W) is and the hand (H, W); None without object."""
        x, y, w, h = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
        if w == 0:
            return None
        reach = round(AROUND * max(w, h)) + 8
        x0, y0 = max(0, x + w // 2 - reach), max(0, y + h // 2 - reach)
        part = slice(y0, y + h // 2 + reach), slice(x0, x + w // 2 + reach)
        inside = _bytes(mask[part])
        hand = np.zeros_like(inside) if hand_mask is None else _bytes(hand_mask[part])
        centre = np.array([x + w / 2 - x0, y + h / 2 - y0])
        return cls(image[part], _without(image[part], inside), inside, hand, centre, float(max(w, h)))

    def picture(self, side: int, rng: np.random.Generator) -> tuple[ByteArray, ByteArray, ByteArray]:
        """One picture.

        Args:
            side: Of it [pixel].
            rng: What is drawn at random.

        Returns:
            Image (side, side, 3), where the object is and where the hand is drawn, both (side, side), 0 to 255.
        """
        scale = side / (rng.uniform(NARROWEST, WIDEST) * self.length)
        A = scale * _rotation(rng.normal(0, 0.25)) @ np.diag([rng.choice([-1.0, 1.0]), 1.0])
        if rng.random() < MOVED:
            return self._moved(A, side, rng)
        M = _about(A, self.centre + rng.normal(0, 0.1, 2) * self.length, np.full(2, side / 2))
        return _cut(self.image, M, side), _cut(self.mask, M, side, outside=False), _cut(self.hand, M, side, False)

    def _moved(self, A: FloatArray, side: int, rng: np.random.Generator) -> tuple[ByteArray, ByteArray, ByteArray]:
        """The object somewhere else: what A does to the picture it does to the object, too, after its own change."""
        stretch = np.exp(rng.normal(0, SQUASH))
        B = A @ (rng.uniform(*SIZE) * _rotation(rng.normal(0, TURN)) @ np.diag([stretch, 1 / stretch]))
        way = rng.normal(0, WAY, 2) * self.length
        seen_from = self.centre + way + rng.normal(0, 0.06, 2) * self.length
        M = _about(A, seen_from, np.full(2, side / 2))
        M_object = _about(B, self.centre, A @ (self.centre + way - seen_from) + side / 2)
        thing = _lit(_cut(self.image, M_object, side), rng)
        mask = _cut(self.mask, M_object, side, outside=False)
        hand = _cut(self.hand, M_object if rng.random() < HAND_ALONG else M, side, outside=False)
        share = cv2.GaussianBlur(mask, (0, 0), 0.7)[..., None] / np.float32(255)
        return (_cut(self.without, M, side) * (1 - share) + thing * share).astype(np.uint8), mask, hand


def _without(image: ByteArray, mask: ByteArray) -> ByteArray:
    """The image (h, w, 3) with a guess at what is behind the object (h, w)."""
    scale = min(1.0, FILLED_AT / max(mask.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.inpaint(small, cv2.dilate(hole, np.ones((5, 5), np.uint8)), 3, cv2.INPAINT_TELEA)
    filled = cv2.resize(filled, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    share = cv2.GaussianBlur(cv2.dilate(mask, np.ones((3, 3), np.uint8)), (0, 0), 1.0)[..., None] / np.float32(255)
    return np.asarray(image * (1 - share) + filled * share).astype(np.uint8)


def _lit(thing: ByteArray, rng: np.random.Generator) -> Any:
    """The object (S, S, 3) in other light, which may come from a side."""
    light = np.float32(np.exp(rng.normal(0, LIGHT)))
    if rng.random() < 0.5:
        along, across = rng.normal(0, GRADIENT, 2)
        y, x = np.mgrid[-1 : 1 : len(thing) * 1j, -1 : 1 : len(thing) * 1j]
        light = light * np.exp(along * x + across * y)[..., None].astype(np.float32)
    return np.clip(thing * light, 0, 255)


def _rotation(angle: float) -> FloatArray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _about(A: FloatArray, source: FloatArray, target: FloatArray) -> FloatArray:
    """(2, 3) the affine map that is A and takes a point to another."""
    return np.column_stack([A, target - A @ source])


def _cut(image: ByteArray, M: FloatArray, side: int, outside: bool = True) -> ByteArray:
    """An image (side, side, ...), with its border going on `outside` or nothing there."""
    border = cv2.BORDER_REPLICATE if outside else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(image, M, (side, side), borderMode=border), np.uint8)


def _bytes(mask: BoolArray) -> ByteArray:
    return np.where(mask, np.uint8(255), np.uint8(0))
