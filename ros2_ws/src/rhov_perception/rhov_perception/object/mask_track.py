"""Follows the object's mask from frame to frame, knowing nothing of its shape or pose."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.band import BandResult, segment_band
from rhov_perception.object.color_model import ColorModel
from rhov_perception.object.color_search import like_colored
from rhov_perception.object.config import ObjectEstimatorConfig

SEED_BAND = 5
"""How far the border of the first mask may move when it is found again at full size [pixel]."""
CARRIED_BELIEF = 1.5
"""What the mask that the flow carried counts for against the colours [log odds]: it keeps the mask from spreading over
surroundings of like colours. The silhouette of a pose counts for nothing: a mask that yields to it confirms a wrong
pose."""
SEARCH_BAND = 24
"""How far the border may move when a lost object is looked for where it was last seen [pixel]."""


class MaskTrack:
    """The mask of the newest frame and the colours of the object so far.

    Args:
        config: Settings.
    """

    def __init__(self, config: ObjectEstimatorConfig) -> None:
        self._config = config
        self._memory: ColorModel | None = None
        self._first_area = 0
        self._last: BoolArray | None = None

    def start(self, image: ByteArray, mask: BoolArray, hand_mask: BoolArray | None) -> BandResult | None:
        """Takes over a new object, whose mask (H, W) may be rough; None if it has too few pixels to learn from."""
        found = segment_band(image, mask, SEED_BAND, hand_mask)
        self._memory = None if found is None else found.measured
        self._last = mask if found is None else found.mask
        self._first_area = int(np.count_nonzero(self._last))
        return found

    def follow(self, image: ByteArray, carried: BoolArray | None, hand_mask: BoolArray | None) -> BandResult | None:
        """The mask in the next frame.

        Args:
            image: (H, W, 3) BGR.
            carried: (H, W) where the flow took the mask of the frame before; None if the object was lost there.
            hand_mask: (H, W) where the hand is drawn.

        Returns:
            None where the object is not to be seen: too little of it is left, or what is there has other colours.
        """
        config = self._config
        if carried is not None:
            found = self._near(image, carried, config.mask_band, hand_mask)
            if self._is_object(found, config.least_resemblance):
                return self._kept(found)
        least = (1 + config.least_resemblance) / 2  # a search must not settle on something else
        found = self._near(image, self._last, SEARCH_BAND, hand_mask)
        if self._is_object(found, least):
            return self._kept(found)
        if self._memory is None:
            return None
        region = like_colored(image, self._memory, hand_mask, config.least_area * self._first_area)
        found = self._near(image, region, config.mask_band, hand_mask)
        return self._kept(found) if self._is_object(found, least) else None

    def _is_object(self, found: BandResult | None, least_resemblance: float) -> TypeGuard[BandResult]:
        """Whether enough is left of the object and has its colours."""
        if found is None or np.count_nonzero(found.mask) < self._config.least_area * self._first_area:
            return False
        return self._memory is None or self._memory.resemblance(found.measured) >= least_resemblance

    def _kept(self, found: BandResult) -> BandResult:
        if self._memory is not None:
            self._memory = self._memory.blended(found.measured, self._config.color_rate)
        self._last = found.mask
        return found

    @property
    def colors(self) -> ColorModel | None:
        """What is known of the colours so far."""
        return self._memory

    def segment(
        self,
        image: ByteArray,
        silhouette: BoolArray,
        band: int,
        hand_mask: BoolArray | None,
        colors: ColorModel | None,
    ) -> BandResult | None:
        """The mask near the silhouette of a pose, with the colours known at that frame; changes nothing in the track.

        Args:
            image: (H, W, 3) BGR.
            silhouette: (H, W) of the pose.
            band: How far the border may move [pixel].
            hand_mask: (H, W) where the hand is drawn.
            colors: As they were known.
        """
        return segment_band(image, silhouette, band, hand_mask, colors, self._config.color_memory_at_pose)

    def _near(
        self, image: ByteArray, silhouette: BoolArray | None, band: int, hand_mask: BoolArray | None
    ) -> BandResult | None:
        """The mask near one that was followed."""
        if silhouette is None:
            return None
        weight = self._config.color_memory
        return segment_band(image, silhouette, band, hand_mask, self._memory, weight, CARRIED_BELIEF)
