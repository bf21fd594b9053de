"""A rectangle of the image, so that work on the object does not touch the rest of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rhov_core.arrays import BoolArray


@dataclass(frozen=True)
class Region:
    """Pixels with x0 <= x < x1 and y0 <= y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def around(cls, mask: BoolArray, margin: int) -> Region | None:
        """The bounding box of a mask (H, W), grown by `margin` and cut at the border of the image; None if empty."""
        x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
        return cls(x, y, x + width, y + height).grown(margin, mask.shape) if width else None

    def grown(self, margin: int, shape: tuple[int, ...]) -> Region:
        """The region with `margin` more on each side, cut at the border of an image of this shape."""
        return Region(
            max(self.x0 - margin, 0),
            max(self.y0 - margin, 0),
            min(self.x1 + margin, shape[1]),
            min(self.y1 + margin, shape[0]),
        )

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the region in an array (H, W, ...)."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def origin(self) -> tuple[int, int]:
        """(x, y) of its top-left pixel."""
        return self.x0, self.y0

    def full(self, part: BoolArray, shape: tuple[int, ...]) -> BoolArray:
        """A mask of the whole image (H, W) that holds `part` in this region and is false elsewhere."""
        mask = np.zeros(shape[:2], np.bool_)
        mask[self.slices] = part
        return mask
