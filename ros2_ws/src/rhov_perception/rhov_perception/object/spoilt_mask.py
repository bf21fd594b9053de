"""Masks with the errors that following them makes, to teach networks to mend them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray

SHIFTS, SHIFT_SHARES = (0.5, 1.5, 5.0, 14.0), (0.3, 0.3, 0.25, 0.15)
"""How far masks are off, from a slow thing's to one's that flow has not followed, and how often [pixel of 128]."""
TURN, FAR_TURN = 0.06, 0.2
"""How far they are turned, and how far where flow has not followed [rad]."""
SIZES = 0.06
"""By which part they are too large or too small."""
BLOTCHES = (0, 0, 1, 1, 2, 3, 4)
"""Leaks and losses at the border, one as frequent as the other."""
BLOTCH = (3, 22)
"""Half axes of them [pixel of 128]."""


def displaced(mask: ByteArray, rng: np.random.Generator) -> ByteArray:
    """A mask (S, S) of 0 and 255, shifted, turned, and with a border that is blurred and uneven."""
    side = len(mask)
    unit, far = side / 128, int(rng.choice(len(SHIFTS), p=SHIFT_SHARES))
    scale, angle = rng.normal(1, SIZES), rng.normal(0, FAR_TURN if far == len(SHIFTS) - 1 else TURN)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    A, middle = np.array([[c, -s], [s, c]]), np.full(2, side / 2)
    M = np.column_stack([A, middle + unit * SHIFTS[far] * rng.normal(0, 1, 2) - A @ middle])
    moved = cv2.warpAffine(mask, M, (side, side)).astype(np.float32) / 255
    noise = cv2.resize(rng.normal(0, 1, (10, 10)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(moved, (0, 0), unit * rng.uniform(0.6, 3.5))
    uneven = soft + np.float32(rng.uniform(0, 0.6)) * noise * (soft > 0)
    return np.where(uneven > rng.uniform(0.3, 0.65), np.uint8(255), np.uint8(0))


def blotched(mask: ByteArray, rng: np.random.Generator, leaks_into: BoolArray | None = None) -> ByteArray:
    """A mask (S, S) of 0 and 255 with parts added to its border and taken from it.

    Args:
        mask: The mask.
        rng: Of the parts.
        leaks_into: (S, S) where every third part is confined to; None: none is.
    """
    known, unit = mask.copy(), len(mask) / 128
    for _ in range(int(rng.choice(BLOTCHES))):
        edge = np.argwhere(cv2.morphologyEx(known, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
        if not len(edge):
            break
        y, x = edge[int(rng.integers(len(edge)))]
        blob = np.zeros(known.shape, np.uint8)
        wide, high = (max(1, round(unit * int(a))) for a in rng.integers(*BLOTCH, 2))
        cv2.ellipse(blob, (int(x), int(y)), (wide, high), float(rng.uniform(0, 180)), 0, 360, (1,), -1)
        where = blob > 0
        if leaks_into is not None and rng.random() < 0.3:
            where &= leaks_into
        known[where] = 255 if rng.random() < 0.6 else 0
    return known


def side_of(mask: BoolArray, rng: np.random.Generator) -> BoolArray:
    """What of a mask (S, S) lies to one side, for a part of it that is not known."""
    if not mask.any():
        return mask
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    angle = rng.uniform(0, 2 * np.pi)
    return beyond(mask, np.asarray(np.cos(angle) * x + np.sin(angle) * y, np.float32), rng)


def beyond(mask: BoolArray, order: NDArray[np.float32], rng: np.random.Generator) -> BoolArray:
    """The part of a mask (S, S) that is last in an order (S, S): between 5 and 60 % of it."""
    return np.asarray(mask & (order > np.quantile(order[mask], rng.uniform(0.4, 0.95))))
