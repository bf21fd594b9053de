"""What the image says about the object, frame by frame: mask, optical flow on it, features near it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray, FloatArray, checked
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.picture_crop import PictureCrop
from rhov_perception.object.band import BandResult
from rhov_perception.object.color_model import ColorModel
from rhov_perception.object.config import ObjectEstimatorConfig
from rhov_perception.object.features import FeatureDetector
from rhov_perception.object.hand_cover import HandCover, bare
from rhov_perception.object.hand_motion import HandMotion
from rhov_perception.object.learned import HeldObjectFinder
from rhov_perception.object.learned_border import BorderFinder
from rhov_perception.object.mask_track import MaskTrack
from rhov_perception.object.optical_flow import FlowEstimator, RegionFlow
from rhov_perception.object.region import Region
from rhov_perception.object.seed import LEAST_SIDE, Box, segment_box

EDGE = 4
"""Width inside the mask's border where flow mixes object and background [pixel]."""
NO_SKIN = -2.0
"""Log odds of skin below which the network is believed that no hand covers what the colours say one does."""


@dataclass(frozen=True)
class _Frame:
    """A frame that was given before."""

    image: ByteArray
    gray: ByteArray
    hand_mask: BoolArray | None
    mask: BoolArray | None
    colors: ColorModel | None = None
    """Known when the frame was newest: a later call for it finds the same, whatever has been seen since."""


class ObjectEstimator:
    """Follows one object through the images of one camera, without knowing its shape or pose.

    The mask is carried from frame to frame by optical flow, or by the hand where that fails, and corrected by a network
    and by colour, so it can bear witness against a pose; `segment` finds the mask that belongs to a pose, by another
    network that looks along its border, and never changes what `step` follows, unless that is lost.

    Args:
        camera: Of the images, for their size. Images are expected without lens distortion.
        config: Settings.
    """

    def __init__(self, camera: Camera, config: ObjectEstimatorConfig | None = None) -> None:
        self._camera, self._config = camera, config or ObjectEstimatorConfig()
        cv2.setNumThreads(1)  # threads gain nothing on regions of this size and take cores from the other nodes
        self._flow = FlowEstimator(self._config.flow_preset)
        self._features = FeatureDetector(self._config.features, self._config.feature_threshold)
        self._frames: OrderedDict[int, _Frame] = OrderedDict()
        self._finder = HeldObjectFinder() if self._config.network else None
        borders = BorderFinder() if self._config.network else None
        self._track = MaskTrack(self._config, self._finder, borders)
        self._cover, self._motion = HandCover(), HandMotion()
        self.notes: tuple[str, ...] = ()
        """Sentences for the user about the quality of the seed."""

    def start(
        self,
        image: ByteArray,
        frame_index: int,
        stamp: float,
        seed: Box | BoolArray,
        hand: HandEstimate | None = None,
        hand_mask: BoolArray | None = None,
    ) -> FrameCues:
        """Finds the object in its first frame and forgets what was followed before.

        Args:
            image: (H, W, 3) BGR.
            frame_index: Index of the source frame.
            stamp: Its time [s].
            seed: A box x, y, width, height [pixel] around the object, or a mask or silhouette (H, W) of it.
            hand: The hand in this image; handed on in the cues.
            hand_mask: (H, W) where the hand is drawn.

        Raises:
            InputError: If the image has another size than the camera's, the box is outside the image or too small,
                nothing in the box stands out, or the mask is empty.
        """
        frame = self._received(image, hand_mask)
        if self._finder is not None:
            self._finder.forget()
        mask, notes = self._seeded(frame, seed)
        self._frames.clear()
        self._cover, self._motion = HandCover(), HandMotion()
        cover = self._cover.find(frame.image, frame.hand_mask, mask, None)
        own = mask if np.ndim(seed) == 2 else bare(mask, cover)  # a mask that is given is believed
        found = self._track.start(frame.image, own, frame.hand_mask if own is mask else cover)
        self.notes = notes
        self._motion.note(hand, mask if found is None else found.mask)
        self._hold(frame_index, frame, mask if found is None else found.mask)
        return self._cues(frame, frame_index, stamp, hand, cover, found, None)

    def step(
        self,
        image: ByteArray,
        frame_index: int,
        stamp: float,
        hand: HandEstimate | None = None,
        hand_mask: BoolArray | None = None,
    ) -> FrameCues:
        """Follows the object into the next frame. A lost object has no mask and no flow, but features everywhere.

        Args:
            image: (H, W, 3) BGR.
            frame_index: Index of the source frame.
            stamp: Its time [s].
            hand: The hand in this image; handed on in the cues.
            hand_mask: (H, W) where the hand is drawn.

        Raises:
            InputError: If `start` was not called or the image has another size than the camera's.
        """
        if not self._frames:
            raise InputError("a frame came before the first one", "a call of start first", "call start")
        frame = self._received(image, hand_mask)
        previous = next(reversed(self._frames.values()))
        flow, carried = None, None
        if previous.mask is not None and (region := Region.around(previous.mask, self._config.flow_margin)):
            flow = self._flow.estimate(previous.gray, frame.gray, region)
            carried = flow.carry(previous.mask)
        cover = self._cover.find(frame.image, frame.hand_mask, carried, self._track.colors)
        found = self._track.follow(frame.image, carried, frame.hand_mask, self._motion.carry(hand))
        self._motion.note(hand, None if found is None else found.mask)
        self._hold(frame_index, frame, None if found is None else found.mask)
        tracks = self._tracks(flow if found else None, previous)
        return self._cues(frame, frame_index, stamp, hand, cover, found, tracks)

    def segment(self, frame_index: int, silhouette: BoolArray, band: int) -> BoolArray | None:
        """Segments a recent frame again near the silhouette of a pose (see `rhov_core.interfaces`).

        If the object was lost in the newest frame, what is found there is followed from then on.

        Raises:
            InputError: If the silhouette has another size than the images or the band is not positive.
        """
        shape = (self._camera.height, self._camera.width)
        near = checked("the silhouette", silhouette, shape, np.bool_)
        if band < 1:
            raise InputError(f"the band is {band}", "at least 1 pixel", "give a positive band")
        frame = self._frames.get(frame_index)
        if frame is None:
            return None
        found = self._track.segment(frame.image, near, band, frame.hand_mask, frame.colors)
        if found is None:
            return near.copy()
        if frame.mask is None and frame_index == next(reversed(self._frames)):
            self._hold(frame_index, frame, found.mask)
        return found.mask

    def _received(self, image: ByteArray, hand_mask: BoolArray | None) -> _Frame:
        height, width = self._camera.height, self._camera.width
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            given = f"an image is {image.dtype} {image.shape}"
            raise InputError(given, f"uint8 {(height, width, 3)}, the size of the camera", "convert or resize it")
        hand = None if hand_mask is None else checked("the hand mask", hand_mask, (height, width), np.bool_)
        own = image.copy()  # the caller may use its buffer again
        gray: Any = cv2.cvtColor(own, cv2.COLOR_BGR2GRAY)
        return _Frame(own, gray, hand if hand is not None and hand.any() else None, None)

    def _seeded(self, frame: _Frame, seed: Box | BoolArray) -> tuple[BoolArray, tuple[str, ...]]:
        height, width = frame.gray.shape
        if isinstance(seed, np.ndarray) and seed.ndim == 2:
            mask = checked("the seed mask", seed, (height, width), np.bool_)
            if np.count_nonzero(mask) < LEAST_SIDE**2 / 2:
                given = f"the seed mask has {np.count_nonzero(mask)} pixels"
                raise InputError(given, f"at least {LEAST_SIDE**2 // 2}", "give a mask of the visible object")
            return mask, ()
        x, y, w, h = (int(value) for value in seed)
        found = segment_box(frame.image, (x, y, w, h), frame.hand_mask, self._finder)
        sides = " and the ".join(found.cut_sides)
        note = (
            f"The object seems to go on beyond the {sides} side of the box {x},{y},{w},{h}: draw it around all of it."
        )
        return found.mask, (note,) if sides else ()

    def _tracks(self, flow: RegionFlow | None, previous: _Frame) -> tuple[FloatArray, FloatArray] | None:
        """Flow on what is seen of the object, not at its border.

        Where the hand is drawn does not matter: it is drawn over parts of the object that are seen between and beside
        fingers, often most of them, and fingers that slip into the mask move with what they hold.
        """
        if flow is None or previous.mask is None or self._config.flow_tracks == 0:
            return None
        inside = _eroded(previous.mask, EDGE)
        return flow.tracks(inside, self._config.flow_tracks, self._config.flow_tolerance)

    def _agreed(self, cover: BoolArray | None, frame: _Frame, mask: BoolArray | None) -> BoolArray | None:
        """What covers the object (H, W), without what the network is sure is no skin: things of like colours."""
        if cover is None or mask is None or self._finder is None:
            return cover
        skin = self._finder.skin(frame.image, frame.hand_mask, mask, self._track.colors)
        if skin is None:
            return cover
        left = skin.agreed(cover, NO_SKIN)
        return left if left.any() else None

    def _hold(self, frame_index: int, frame: _Frame, mask: BoolArray | None) -> None:
        self._frames[frame_index] = _Frame(frame.image, frame.gray, frame.hand_mask, mask, self._track.colors)
        while len(self._frames) > self._config.frames_held:
            self._frames.popitem(last=False)

    def _cues(
        self,
        frame: _Frame,
        frame_index: int,
        stamp: float,
        hand: HandEstimate | None,
        cover: BoolArray | None,
        found: BandResult | None,
        tracks: tuple[FloatArray, FloatArray] | None,
    ) -> FrameCues:
        source, target = tracks if tracks is not None else (np.zeros((0, 2)), np.zeros((0, 2)))
        mask = None if found is None else found.mask
        positions, descriptors = self._features.detect(frame.gray, mask, self._config.feature_margin)
        return FrameCues(
            frame_index=frame_index,
            stamp=stamp,
            image_size=(self._camera.width, self._camera.height),
            hand=hand,
            hand_mask=frame.hand_mask,
            cover_mask=self._agreed(cover, frame, mask),
            object_mask=mask,
            mask_score=0.0 if found is None else found.model.separation,
            flow_source=source,
            flow_target=target,
            feature_positions=positions,
            feature_descriptors=descriptors,
            crop=PictureCrop.around(frame.image, mask),
        )


def _square(radius: int) -> ByteArray:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _eroded(mask: BoolArray, radius: int) -> BoolArray:
    return cv2.erode(np.ascontiguousarray(mask).view(np.uint8), _square(radius)).view(np.bool_)
