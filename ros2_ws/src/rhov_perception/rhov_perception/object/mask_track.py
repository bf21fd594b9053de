"""Follows the object's mask from frame to frame, knowing nothing of its shape or pose."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.metrics.mask import mask_iou
from rhov_perception.object.band import BandResult, segment_band
from rhov_perception.object.color_model import ColorModel
from rhov_perception.object.color_search import like_colored
from rhov_perception.object.config import ObjectEstimatorConfig
from rhov_perception.object.learned import HeldObjectFinder
from rhov_perception.object.learned_border import BorderFinder

SEED_BAND = 5
"""How far the border of the first mask may move when it is found again at full size [pixel]."""
CARRIED_BELIEF = 1.5
"""What the mask that the flow carried counts for against the colours [log odds]: it keeps the mask from spreading over
surroundings of like colours. The silhouette of a pose counts for nothing: a mask that yields to it confirms a wrong
pose."""
SEARCH_BAND = 24
"""How far the border may move when a lost object is looked for where it was last seen [pixel]."""
ALIKE, THERE = 0.7, 0.85
"""Guesses that overlap by so much are the same, and what is found overlaps by so much with the guess if it is there."""
HANDICAP, LEAST_MERIT = 0.1, 0.4
"""How much surer the network must be of the object where the hand took it than where the flow did, and how sure of
either [0 to 1]."""
SHRUNK, AREA_RATE = 0.3, 0.1
"""A mask may be smaller by this part than those before, and how fast it is learnt how large they are."""


class MaskTrack:
    """The mask of the newest frame and the colours of the object so far.

    Args:
        config: Settings.
        finder: The network that finds the object; None without one.
        borders: The network that finds its border at a pose; None without one.
    """

    def __init__(
        self,
        config: ObjectEstimatorConfig,
        finder: HeldObjectFinder | None = None,
        borders: BorderFinder | None = None,
    ) -> None:
        self._config, self._finder, self._borders = config, finder, borders
        self._memory: ColorModel | None = None
        self._first_area, self._area = 0, 0.0
        self._last: BoolArray | None = None

    def start(self, image: ByteArray, mask: BoolArray, hand_mask: BoolArray | None) -> BandResult | None:
        """Takes over a new object, whose mask (H, W) may be rough; None if it has too few pixels to learn from."""
        found = segment_band(image, mask, SEED_BAND, hand_mask)
        self._memory = None if found is None else found.measured
        self._last = mask if found is None else found.mask
        self._first_area = int(np.count_nonzero(self._last))
        self._area = float(self._first_area)
        if self._finder is not None:
            self._finder.teach(image, hand_mask, self._last, self._memory, self._config.lessons)
        return found

    def follow(
        self,
        image: ByteArray,
        carried: BoolArray | None,
        hand_mask: BoolArray | None,
        moved: BoolArray | None = None,
    ) -> BandResult | None:
        """The mask in the next frame.

        Args:
            image: (H, W, 3) BGR.
            carried: (H, W) where the flow took the mask of the frame before; None if the object was lost there.
            hand_mask: (H, W) where the hand is drawn.
            moved: (H, W) where it is if it has moved with the hand; looked at only with a network, which tells the two
                apart.

        Returns:
            None where the object is not to be seen: too little of it is left, or what is there has other colours.
        """
        config = self._config
        least = (1 + config.least_resemblance) / 2  # a search must not settle on something else
        found = self._looked(image, carried, hand_mask)
        best, merit = (found, self._merit(found)) if self._is_object(found, config.least_resemblance) else (None, 0.0)
        if self._finder is not None and moved is not None and (carried is None or mask_iou(moved, carried) < ALIKE):
            other = self._looked(image, moved, hand_mask)
            if self._is_object(other, least) and (its := self._merit(other) - HANDICAP) > merit:
                best, merit = other, its
        if best is not None and merit >= LEAST_MERIT:
            return self._kept(best)
        found = self._near(image, self._last, SEARCH_BAND, hand_mask)
        if self._is_object(found, least):
            return self._kept(found)
        if self._memory is None:
            return None
        region = like_colored(image, self._memory, hand_mask, config.least_area * self._first_area)
        found = self._near(image, region, config.mask_band, hand_mask)
        return self._kept(found) if self._is_object(found, least) else None

    def _looked(self, image: ByteArray, guess: BoolArray | None, hand_mask: BoolArray | None) -> BandResult | None:
        """The mask near a guess. If it is found elsewhere, the network has seen it only in part, and looks again."""
        found = self._near(image, guess, self._config.mask_band, hand_mask)
        if found is None or guess is None or found.opinion is None or mask_iou(found.mask, guess) >= THERE:
            return found
        return self._near(image, found.mask, self._config.mask_band, hand_mask) or found

    def _merit(self, found: BandResult) -> float:
        """How sure the network is of a mask, 0 to 1, less if that is much smaller than those before; 1 without one."""
        if found.opinion is None:
            return 1.0
        share = np.count_nonzero(found.mask) / max(self._area, 1.0)
        return found.opinion.certainty(found.mask) * min(1.0, share + SHRUNK)

    def _is_object(self, found: BandResult | None, least_resemblance: float) -> TypeGuard[BandResult]:
        """Whether enough is left of the object and has its colours."""
        if found is None or np.count_nonzero(found.mask) < self._config.least_area * self._first_area:
            return False
        return self._memory is None or self._memory.resemblance(found.measured) >= least_resemblance

    def _kept(self, found: BandResult) -> BandResult:
        if self._memory is not None:
            self._memory = self._memory.blended(found.measured, self._config.color_rate)
        self._last = found.mask
        self._area += AREA_RATE * (np.count_nonzero(found.mask) - self._area)
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
        memory = self._config.color_memory_at_pose
        return segment_band(image, silhouette, band, hand_mask, colors, memory, finder=self._borders)

    def _near(
        self, image: ByteArray, silhouette: BoolArray | None, band: int, hand_mask: BoolArray | None
    ) -> BandResult | None:
        """The mask near one that was followed."""
        if silhouette is None:
            return None
        weight, finder = self._config.color_memory, self._finder
        ask = None if finder is None else lambda colors: finder.ask(image, hand_mask, silhouette, colors)
        return segment_band(image, silhouette, band, hand_mask, self._memory, weight, CARRIED_BELIEF, ask)
