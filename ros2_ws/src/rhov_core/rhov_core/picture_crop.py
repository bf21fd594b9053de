"""The part of a picture that shows the object, made small enough to be a cue."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray, FloatArray, checked
from rhov_core.errors import InputError

LARGEST = 96
"""Largest side of a crop [pixel]."""
MARGIN = 0.15
"""How far a crop reaches beyond the mask's box, relative to the box's larger side: masks lack parts of the object."""


@dataclass(frozen=True)
class PictureCrop:
    """A region of a picture; each pixel is the mean over a square of the picture's pixels."""

    pixels: ByteArray
    """(h, w, 3) blue, green, red as the picture has them."""
    x0: int
    """Column of the picture at the left border [pixel]."""
    y0: int
    """Row of the picture at the upper border [pixel]."""
    step: int
    """Side of the squares [pixel]."""

    def __post_init__(self) -> None:
        pixels = checked("PictureCrop.pixels", self.pixels, (None, None, 3), np.uint8)
        object.__setattr__(self, "pixels", pixels)
        if not pixels.size or self.step < 1 or min(self.x0, self.y0) < 0:
            raise InputError(
                f"a crop has {pixels.shape[1]}x{pixels.shape[0]} pixels of {self.step} from ({self.x0}, {self.y0})",
                "at least one pixel, a step of at least 1 and a place inside the picture",
                "make it with PictureCrop.around",
            )

    @classmethod
    def around(cls, picture: ByteArray, mask: BoolArray | None) -> PictureCrop | None:
        """The part of a picture around the object.

        Args:
            picture: (H, W, 3) BGR.
            mask: (H, W) where the object is visible.

        Returns:
            At most `LARGEST` pixels wide and high; None without a mask.
        """
        if mask is None or not mask.any():
            return None
        x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
        margin = int(np.ceil(MARGIN * max(width, height)))
        left, top = max(x - margin, 0), max(y - margin, 0)
        right, bottom = min(x + width + margin, mask.shape[1]), min(y + height + margin, mask.shape[0])
        step = -(-max(right - left, bottom - top) // LARGEST)
        columns, rows = (right - left) // step, (bottom - top) // step
        if not columns or not rows:
            return None
        region = picture[top : top + rows * step, left : left + columns * step]
        pixels = np.asarray(cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        return cls(pixels, left, top, step)

    @property
    def centres(self) -> FloatArray:
        """(h, w, 2) where in the picture the middles of the squares are (u, v) [pixel]."""
        height, width = self.pixels.shape[:2]
        first = (self.step - 1) / 2
        u, v = self.x0 + first + self.step * np.arange(width), self.y0 + first + self.step * np.arange(height)
        return np.stack(np.meshgrid(u, v), axis=-1)
