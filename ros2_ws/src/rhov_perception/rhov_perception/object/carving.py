"""Takes out of a first mask what looks like its surroundings: the table through a ring or a handle, fingers on it.

GrabCut closes such places, for a border costs it more than their colours say, and all that follows learns the colours
of the table and the fingers as the object's.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.band import EVIDENCE_LIMIT, filtered
from rhov_perception.object.color_model import BINS, Histogram, color_cells, smoothed
from rhov_perception.object.region import Region

REACH = 40
"""The surroundings are this wide [pixel] ..."""
GAP = 3
"""... but begin this far outside, for the border of the mask may be wrong [pixel]."""
EDGE = 2
"""Nothing is taken out this near to the border, where colours mix [pixel]."""
SPECKLE = 5
"""Width of what counts as a speck [pixel]."""
LEAST_PART = 0.02
"""What is taken out is at least this part of the mask: prints in the colours of the surroundings are mostly smaller."""
LEAST_PIXELS = 60
FOREIGN = -0.7
"""The surroundings must speak for it this clearly, on average [log odds]."""
ROUNDS = 3
UNSEEN = 0.05
"""Pixels credited to each colour on both sides."""


def carved(image: ByteArray, mask: BoolArray, hand_mask: BoolArray | None) -> BoolArray:
    """The mask without the regions inside it whose colours are more common around it than in it.

    How common a colour is counts by pixels, not by the share of each side: of what is seen through a ring there is
    more around the ring.

    Args:
        image: (H, W, 3) BGR.
        mask: (H, W)
        hand_mask: (H, W) where the hand is drawn, which may be on the object; not counted as surroundings.
    """
    region = Region.around(mask, REACH)
    if region is None:
        return mask
    picture = np.ascontiguousarray(image[region.slices])
    kept = np.ascontiguousarray(mask[region.slices])
    around = _distance(~kept) > GAP
    if hand_mask is not None:
        around &= ~hand_mask[region.slices]
    cells = color_cells(picture)
    for _ in range(ROUNDS):
        odds = np.log((_counted(cells, kept) + UNSEEN) / (_counted(cells, around) + UNSEEN))
        evidence = filtered(picture, np.clip(odds[cells], -EVIDENCE_LIMIT, EVIDENCE_LIMIT))
        foreign = _foreign(kept, evidence)
        if not foreign.any():
            break
        around |= foreign
        kept = kept & ~(_dilated(foreign) & (evidence < 0))
    return region.full(kept, mask.shape)


def _foreign(mask: BoolArray, evidence: NDArray[np.float32]) -> BoolArray:
    """Regions (h, w) inside a mask that are large enough and speak clearly enough against the object."""
    likely = ((evidence < 0) & (_distance(mask) > EDGE)).view(np.uint8)
    solid = cv2.morphologyEx(likely, cv2.MORPH_OPEN, np.ones((SPECKLE, SPECKLE), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    area = stats[:, cv2.CC_STAT_AREA]
    mean = np.bincount(labels.ravel(), evidence.ravel(), minlength=count) / np.maximum(area, 1)
    found = (area >= max(LEAST_PIXELS, LEAST_PART * np.count_nonzero(mask))) & (mean < FOREIGN)
    found[0] = False  # all the rest
    return np.asarray(found[labels])


def _counted(cells: NDArray[np.uint16], where: BoolArray) -> Histogram:
    """How many pixels have each colour, neighbouring colours joined."""
    counts = np.bincount(cells[where], minlength=BINS**3).astype(np.float32)
    return np.asarray(smoothed(counts) * np.float32(np.count_nonzero(where)), np.float32)


def _dilated(mask: BoolArray) -> BoolArray:
    return cv2.dilate(mask.view(np.uint8), np.ones((SPECKLE, SPECKLE), np.uint8)).view(np.bool_)


def _distance(mask: BoolArray) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3), np.float32)
