"""What perception says about one frame of the video."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import BoolArray, ByteArray, FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.picture_crop import PictureCrop

Side = Literal["right", "left"]


@dataclass(frozen=True)
class HandEstimate:
    """One hand in one image, seen by a detector and fitted with the hand model."""

    side: Side
    """By vote over the track so far."""
    score: float
    """0 to 1: how well the keypoints are known, inversely proportional to their errors."""
    keypoints: FloatArray
    """(21, 2) [pixel], order of MediaPipe: wrist, thumb 1-4, index 1-4, middle 1-4, ring 1-4, little 1-4."""
    pose: FloatArray
    """(48,) axis-angle [rad], 16 joints in MANO order, global orientation first."""
    shape: FloatArray
    """(10,) shape coefficients of the hand model."""
    translation: FloatArray
    """(3,) added after skinning, camera frame [m]."""
    joints: FloatArray
    """(21, 3) camera frame [m], in the order of the keypoints."""
    wrist_covariance: FloatArray
    """(6, 6) for a left perturbation [translation m, rotation rad] of the wrist."""
    model: str
    """Name of the hand model that the parameters belong to."""

    def __post_init__(self) -> None:
        if self.side not in ("right", "left"):
            raise InputError(f"the side of the hand is '{self.side}'", "right or left", "correct it")
        for name, shape in (
            ("pose", (48,)),
            ("shape", (10,)),
            ("translation", (3,)),
            ("joints", (21, 3)),
            ("wrist_covariance", (6, 6)),
        ):
            object.__setattr__(self, name, checked(f"HandEstimate.{name}", getattr(self, name), shape))
        object.__setattr__(self, "keypoints", _pixels("HandEstimate.keypoints", self.keypoints, (21, 2)))
        checked("HandEstimate.score", self.score, ())


def _pixels(name: str, value: ArrayLike, shape: tuple[int | None, ...]) -> FloatArray:
    """Pixels in the precision of messages, so that the library and the nodes compute with the same numbers."""
    rounded = checked(name, value, shape).astype(np.float32).astype(np.float64)
    rounded.flags.writeable = False
    return rounded


def _empty_points() -> FloatArray:
    return np.zeros((0, 2))


def _empty_descriptors() -> ByteArray:
    return np.zeros((0, 32), np.uint8)


@dataclass(frozen=True)
class FrameCues:
    """All cues of one frame. A cue that is missing is None or empty."""

    frame_index: int
    """Index of the source frame, from 0."""
    stamp: float
    """Time of the source frame [s]."""
    image_size: tuple[int, int]
    """(width, height) [pixel]."""
    hand: HandEstimate | None = None
    hand_mask: BoolArray | None = None
    """(H, W) where the hand is."""
    cover_mask: BoolArray | None = None
    """(H, W) where something that may hide the object is seen, such as the hand with its arm; None if that is not known
    better than by `hand_mask`."""
    object_mask: BoolArray | None = None
    """(H, W) where the object is visible."""
    mask_score: float = 0.0
    """0 to 1, how well the colours separate the object from its surroundings."""
    flow_source: FloatArray = field(default_factory=_empty_points)
    """(M, 2) pixels in the previous frame ..."""
    flow_target: FloatArray = field(default_factory=_empty_points)
    """(M, 2) ... and where the optical flow carried them in this one."""
    feature_positions: FloatArray = field(default_factory=_empty_points)
    """(N, 2) keypoint features [pixel]."""
    feature_descriptors: ByteArray = field(default_factory=_empty_descriptors)
    """(N, D) their binary descriptors."""
    crop: PictureCrop | None = None
    """The picture around the object."""
    depth: FloatArray | None = None
    """(H, W) [m] if `depth_is_metric`, else up to scale and shift; NaN where unknown."""
    depth_is_metric: bool = False

    def __post_init__(self) -> None:
        width, height = self.image_size
        for name in ("stamp", "mask_score"):
            checked(f"FrameCues.{name}", getattr(self, name), ())
        for name in ("flow_source", "flow_target", "feature_positions"):
            object.__setattr__(self, name, _pixels(f"FrameCues.{name}", getattr(self, name), (None, 2)))
        object.__setattr__(self, "mask_score", float(np.float32(self.mask_score)))
        checked("FrameCues.flow_target", self.flow_target, (len(self.flow_source), 2))
        descriptors = checked(
            "FrameCues.feature_descriptors", self.feature_descriptors, (len(self.feature_positions), None), np.uint8
        )
        object.__setattr__(self, "feature_descriptors", descriptors)
        for name in ("hand_mask", "cover_mask", "object_mask"):
            if (mask := getattr(self, name)) is not None:
                object.__setattr__(self, name, checked(f"FrameCues.{name}", mask, (height, width), np.bool_))
        if self.crop is not None:
            rows, columns = self.crop.pixels.shape[:2]
            right, bottom = self.crop.x0 + self.crop.step * columns, self.crop.y0 + self.crop.step * rows
            if right > width or bottom > height:
                raise InputError(
                    f"FrameCues.crop reaches to ({right}, {bottom}) in an image of {width}x{height} pixels",
                    "a crop of the same image",
                    "make it with PictureCrop.around",
                )
        if self.depth is not None:
            depth = checked("FrameCues.depth", self.depth, (height, width), np.float64, finite=False)
            object.__setattr__(self, "depth", depth)

    @property
    def covered(self) -> BoolArray | None:
        """(H, W) where a border of the object's mask may be that of what hides it; None if nothing is known to."""
        return self.hand_mask if self.cover_mask is None else self.cover_mask

    def with_object_mask(self, mask: BoolArray, score: float | None = None) -> FrameCues:
        """A copy with another object mask."""
        return replace(self, object_mask=mask, mask_score=self.mask_score if score is None else score)
