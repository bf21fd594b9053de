"""The mask of a frame and its contour, as the tracker uses them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rhov_core.arrays import BoolArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.interfaces import ObjectSegmenter
from rhov_optimizer.registration.agreement import overlap
from rhov_optimizer.registration.contour import ObservedContour
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig

REACH = 40
"""How far from the mask its distance is known [pixel]."""
SMALLEST_MASK = 200
"""Masks with fewer pixels hold no contour worth fitting."""


def widened_hand(cues: FrameCues, margin: int) -> BoolArray | None:
    """(H, W) where a border of the object's mask may be the hand's or its arm's; None without a hand."""
    covered = cues.covered
    if covered is None or not covered.any():
        return None
    if margin == 0:
        return covered
    square = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    return cv2.dilate(covered.astype(np.uint8), square).astype(np.bool_)


@dataclass(frozen=True)
class MaskObservation:
    """A mask, where it is trusted, and its contour."""

    mask: BoolArray
    """(H, W) the visible object."""
    excluded: BoolArray | None
    """(H, W) the widened hand."""
    contour: ObservedContour

    @classmethod
    def take(
        cls,
        cues: FrameCues,
        view: SurfaceView | None,
        segmenter: ObjectSegmenter | None,
        camera: Camera,
        config: TrackerConfig,
    ) -> MaskObservation | None:
        """The mask of a frame: segmented again from the predicted silhouette, or else the one in the cues.

        Args:
            cues: Of the frame.
            view: The object at its predicted pose; None if it cannot be drawn.
            segmenter: None: the mask in the cues is used.
            camera: Without distortion.
            config: Settings.

        Returns:
            None if there is no mask.
        """
        mask = None
        if config.resegment and segmenter is not None and view is not None:
            mask = segmenter.segment(cues.frame_index, view.silhouette(), config.band)
        if mask is None:
            mask = cues.object_mask
        if mask is None or np.count_nonzero(mask) < SMALLEST_MASK:
            return None
        excluded = widened_hand(cues, config.hand_margin)
        contour = ObservedContour.from_mask(mask, excluded, camera, count=config.contour_points, reach=REACH)
        return None if contour is None else cls(mask, excluded, contour)

    def overlap(self, view: SurfaceView | None) -> float:
        """Overlap with a silhouette outside the hand, 0 to 1; NaN if there is none."""
        return float("nan") if view is None else overlap(view.silhouette(), self.mask, self.excluded)
