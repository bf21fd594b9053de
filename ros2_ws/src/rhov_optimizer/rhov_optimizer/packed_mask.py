"""A mask in little memory, so that clips of thousands of frames can be held at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.errors import InputError


@dataclass(frozen=True)
class PackedMask:
    """A boolean image, stored as one bit per pixel of its bounding box."""

    image_size: tuple[int, int]
    """(width, height) [pixel]."""
    box: tuple[int, int, int, int]
    """(x, y, width, height) of the pixels that are set; width and height are 0 if there are none."""
    bits: ByteArray
    """The pixels of the box, row by row."""

    @classmethod
    def pack(cls, mask: NDArray[Any]) -> PackedMask:
        """Packs a mask (H, W); every value other than zero counts as set.

        Raises:
            InputError: If the mask is not two-dimensional.
        """
        image = mask if mask.dtype == np.bool_ else np.asarray(mask) != 0
        if image.ndim != 2:
            raise InputError(f"the mask has the shape {image.shape}", "the shape (height, width)", "give one mask")
        x, y, w, h = cv2.boundingRect(np.ascontiguousarray(image).view(np.uint8)) if image.size else (0, 0, 0, 0)
        bits = np.packbits(image[y : y + h, x : x + w].ravel())
        bits.flags.writeable = False
        return cls((image.shape[1], image.shape[0]), (x, y, w, h), bits)

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is set."""
        return self.box[2] == 0

    def unpack(self) -> BoolArray:
        """The mask (H, W)."""
        width, height = self.image_size
        mask = np.zeros((height, width), np.bool_)
        x, y, w, h = self.box
        pixels = np.unpackbits(self.bits, count=w * h).astype(np.bool_)
        mask[y : y + h, x : x + w] = pixels.reshape(h, w)
        return mask
