"""Finds the border of the object near a given silhouette, by colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.color_model import ColorModel, color_cells
from rhov_perception.object.components import main_component
from rhov_perception.object.region import Region

SMOOTHING = 2.0
"""Standard deviation over which neighbouring pixels support one another [pixel]."""
SURROUNDINGS = 13
"""Width of the strip outside the band whose colours are learnt as background [pixel]: what the far background looks
like does not help to find the border."""
LEAST_PIXELS = 50
"""A smaller object or background gives no colour statistics [pixel]."""


@dataclass(frozen=True)
class BandResult:
    """The object in one image."""

    mask: BoolArray
    """(H, W) one connected region."""
    model: ColorModel
    """The colours that it was found with."""
    measured: ColorModel
    """What the colours are at the given silhouette, without the memory."""


def segment_band(
    image: ByteArray,
    silhouette: BoolArray,
    band: int,
    hand_mask: BoolArray | None = None,
    memory: ColorModel | None = None,
    memory_weight: float = 0.0,
) -> BandResult | None:
    """Segments the object near a silhouette. Beyond `band` from its border nothing changes, except under the hand.

    Hand pixels are only *probably* not the object: hand detectors draw hidden fingers on top of what hides them, so
    there the colour decides, even in the middle of the silhouette.

    Args:
        image: (H, W, 3) BGR.
        silhouette: (H, W) where the object is believed to be.
        band: How far the border may move [pixel].
        hand_mask: (H, W) where the hand is drawn.
        memory: Colours known from before.
        memory_weight: 0 to 1, share of the memory against what is measured at this silhouette.

    Returns:
        None if the silhouette or its surroundings have too few pixels to tell colours apart.
    """
    region = Region.around(silhouette, band + SURROUNDINGS + 1)
    if region is None:
        return None
    part = np.ascontiguousarray(silhouette[region.slices])
    depth_inside = _distance(part)
    distance_outside = _distance(~part)
    around = ~part & (distance_outside <= band + SURROUNDINGS)
    hand = None if hand_mask is None else hand_mask[region.slices]
    sample = part if hand is None or np.count_nonzero(part & ~hand) < LEAST_PIXELS else part & ~hand
    if min(np.count_nonzero(sample), np.count_nonzero(around)) < LEAST_PIXELS:
        return None
    cells = color_cells(np.ascontiguousarray(image[region.slices]))
    measured = ColorModel.measure(cells, sample, around)
    model = measured if memory is None else measured.blended(memory, memory_weight)
    likely = cv2.GaussianBlur(model.probability(cells, hand), (0, 0), SMOOTHING) > 0.5
    certain = depth_inside > band
    if hand is not None:
        certain &= ~hand
    found = (certain | likely) & (part | (distance_outside <= band))
    return BandResult(region.full(main_component(found, hand), silhouette.shape), model, measured)


def _distance(mask: BoolArray) -> np.ndarray:
    """Distance (H, W) of true pixels to the nearest false one [pixel]; the border of the image counts as neither."""
    return cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3)
