"""How far away the object must be because of the hand that hides it.

One outline fits a small object nearby and the same object far away in another view. A hand in front of the object
most often holds it, and its own size tells its distance; so the object's centre lies a little behind the middle of the
hand, as well as the hand's depth is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numba
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.cues import FrameCues
from rhov_optimizer.registration.jacobian import tukey
from rhov_optimizer.registration.points import TUKEY

LARGEST_PENALTY = 0.3
"""How much overlap a depth far from that of a hand outweighs that hides the whole object."""
BEHIND = 0.03
"""How far behind the middle of a hand that hides it the centre of an object lies on average [m]."""
SPREAD = 0.25
"""Standard deviation of that, relative to the object's diameter: it may be held anywhere."""
STRIDE = 4
"""Every so many rows and columns of masks are compared."""
LARGEST_SIGMA = 0.05
"""A hand whose depth is less certain than this [m] says nothing: of 892 hands in rendered clips 10 % were wrong by more
than 2.5 of their standard deviations, of the 620 below this limit 1 %."""
LEAST_SHARE = 0.02
"""A hand that hides less of the object than this need not touch it."""


@dataclass(frozen=True)
class HandDepth:
    """The depth of a hand that hides a part of the object."""

    depth: float
    """Expected of the object's centre [m]."""
    sigma: float
    """Its standard deviation [m]."""
    share: float
    """How much of the object's region the hand hides, 0 to 1: how probably they touch."""

    @classmethod
    def of(cls, cues: FrameCues, mask: BoolArray | None, diameter: float) -> HandDepth | None:
        """The depth of the hand in a frame; None if there is no hand or it does not hide the object.

        Args:
            cues: Of the frame.
            mask: (H, W) the visible object.
            diameter: Of the object [m].
        """
        if cues.hand is None or cues.hand_mask is None or mask is None:
            return None
        share, variance = hidden_share(mask, cues.hand_mask), float(cues.hand.wrist_covariance[2, 2])
        if share < LEAST_SHARE or variance > LARGEST_SIGMA**2:
            return None
        sigma = float(np.sqrt(variance + (SPREAD * diameter) ** 2))
        return cls(float(np.median(cues.hand.joints[:, 2])) + BEHIND, sigma, share)

    def off(self, T: FloatArray) -> float:
        """How far a pose (4, 4) of the centred mesh is from that depth, in standard deviations."""
        return abs(float(T[2, 3]) - self.depth) / self.sigma

    def penalty(self, T: FloatArray) -> float:
        """What a pose (4, 4) of the centred mesh loses of its overlap, 0 to 1: nothing within a standard
        deviation of the hand, and no more far away than at a few, for the hand's depth can be quite wrong.
        """
        return float(LARGEST_PENALTY * self.share * (1.0 - np.exp(-0.5 * max(0.0, self.off(T) - 1.0) ** 2)))

    def accumulate(self, T: FloatArray, kernel_scale: float, A: FloatArray, b: FloatArray) -> None:
        """Adds the normal equations; see `ResidualTerm`."""
        off = float(T[2, 3]) - self.depth
        weight = tukey(off, TUKEY * self.sigma) / self.sigma**2
        A[2, 2] += weight
        b[2] += weight * off


def hidden_share(mask: BoolArray, hand: BoolArray) -> float:
    """How much of the convex hull of the visible object (H, W) the hand (H, W) covers, 0 to 1."""
    small, cover = mask[::STRIDE, ::STRIDE], hand[::STRIDE, ::STRIDE]
    pixels = _ends_of_rows(small)
    if not len(pixels):
        return 0.0
    hull = np.zeros(small.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(pixels), (1,))
    return np.count_nonzero(hull.view(np.bool_) & cover) / np.count_nonzero(hull)


@numba.njit(cache=True)
def _ends_of_rows(mask: Any) -> Any:
    """The first and the last pixel (N, 2) of each row of a mask, whose convex hull is that of the mask."""
    height, width = mask.shape
    out, count = np.empty((2 * height, 2), np.int32), 0
    for y in range(height):
        first, last = 0, width - 1
        while first < width and not mask[y, first]:
            first += 1
        if first == width:
            continue
        while not mask[y, last]:
            last -= 1
        for x in (first, last):
            out[count, 0], out[count, 1] = x, y
            count += 1
    return out[:count]
