"""The mask of a frame and its contour, as the tracker uses them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.interfaces import ObjectSegmenter
from rhov_optimizer.registration.agreement import Agreement
from rhov_optimizer.registration.contour import ObservedContour
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig

REACH = 40
"""How far from the mask its distance is known at most [pixel]."""
THICK = 9
"""A part of the silhouette without mask that is thinner than this [pixel] is an error of the border."""
MOST_HIDDEN = 0.5
"""More of the silhouette than this is not taken to be hidden."""
SMALLEST_MASK = 200
"""Masks with fewer pixels hold no contour worth fitting."""


def widened_hand(cues: FrameCues, margin: int) -> BoolArray | None:
    """(H, W) where a border of the object's mask may be the hand's or its arm's; None without a hand."""
    covered = cues.covered
    if covered is None or not covered.any():
        return None
    if margin == 0:
        return covered
    x, y, width, height = cv2.boundingRect(covered.view(np.uint8))
    region = slice(max(y - margin, 0), y + height + margin), slice(max(x - margin, 0), x + width + margin)
    out = np.zeros(covered.shape, np.uint8)
    out[region] = cv2.dilate(covered[region].view(np.uint8), _square(2 * margin + 1))
    return out.view(np.bool_)


def hidden_part(mask: BoolArray, view: SurfaceView, hand: BoolArray | None, margin: int) -> BoolArray | None:
    """Where something that is not the hand, an arm or another object, hides the object at a pose that is nearly right.

    Only parts count that are thicker than a wrong border is.

    Args:
        mask: (H, W) the visible object.
        view: The object at the pose.
        hand: (H, W) the widened hand.
        margin: The part is widened by this [pixel], for its border is that of what hides it.

    Returns:
        (H, W), or None if there is no such part or it is so large that the pose may be wrong.
    """
    silhouette = view.drawn
    missing = silhouette & ~mask[view.region]
    if hand is not None:
        missing &= ~hand[view.region]
    core = cv2.morphologyEx(missing.view(np.uint8), cv2.MORPH_OPEN, _square(THICK))
    if not 0 < np.count_nonzero(core) <= MOST_HIDDEN * np.count_nonzero(silhouette):
        return None
    out = np.zeros(mask.shape, np.uint8)
    out[view.region] = core
    return cv2.dilate(out, _square(THICK + 2 * margin)).view(np.bool_)


def _square(size: int) -> ByteArray:
    return np.ones((size, size), np.uint8)


@dataclass(frozen=True)
class MaskObservation:
    """A mask, where it is trusted, and its contour."""

    mask: BoolArray
    """(H, W) the visible object."""
    hand: BoolArray | None
    """(H, W) the widened hand."""
    excluded: BoolArray | None
    """(H, W) where its border is not the object's contour: the widened hand and what else hides the object."""
    contour: ObservedContour

    @classmethod
    def take(
        cls,
        cues: FrameCues,
        view: SurfaceView | None,
        segmenter: ObjectSegmenter | None,
        camera: Camera,
        config: TrackerConfig,
        *,
        led: bool = False,
        reach: int = REACH,
    ) -> MaskObservation | None:
        """The mask of a frame: segmented again from the predicted silhouette, or else the one in the cues.

        Args:
            cues: Of the frame.
            view: The object at its predicted pose; None if it cannot be drawn.
            segmenter: None: the mask in the cues is used.
            camera: Without distortion.
            config: Settings.
            led: Whether the predicted pose is nearly right, so that what its silhouette lacks is hidden.
            reach: How far around the mask its distance is needed [pixel].

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
        hand = widened_hand(cues, config.hand_margin)
        hidden = hidden_part(mask, view, hand, config.hand_margin) if led and view is not None else None
        excluded = hand if hidden is None else hidden if hand is None else hand | hidden
        contour = ObservedContour.from_mask(mask, excluded, camera, count=config.contour_points, reach=reach)
        return None if contour is None else cls(mask, hand, excluded, contour)

    def agreement(self, view: SurfaceView) -> Agreement:
        """With a view of the object, outside the hand."""
        return Agreement.of(view.drawn, self.mask, self.hand, x0=view.x0, y0=view.y0)
