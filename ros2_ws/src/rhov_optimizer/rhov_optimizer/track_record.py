"""What the tracker leaves of each frame for the joint optimisation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray, checked
from rhov_core.cues import HandEstimate
from rhov_core.errors import InputError
from rhov_optimizer.packed_mask import PackedMask


def _no_points() -> FloatArray:
    return np.zeros((0, 2))


def _no_indices() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class TrackRecord:
    """The cues of one frame that survive tracking: small, so that a whole clip can be held.

    A cue that is missing is None or empty. Pixels have their centres at integer coordinates and are
    free of lens distortion, as the tracker works on the rectified image.
    """

    frame_index: int
    stamp: float
    """[s]"""
    image_size: tuple[int, int]
    """(width, height) [pixel]."""
    hand: HandEstimate | None = None
    hand_mask: PackedMask | None = None
    """Where the hand is, not widened."""
    object_mask: PackedMask | None = None
    """The mask of the visible object that the tracker used last (after segmenting again, if it did)."""
    excluded: PackedMask | None = None
    """Where a border of the object's mask may be the hand's: the hand's mask, widened."""
    flow_source: FloatArray = field(default_factory=_no_points)
    """(M, 2) pixels on the object in the previous frame of the clip ..."""
    flow_target: FloatArray = field(default_factory=_no_points)
    """(M, 2) ... and where they are in this one; forward-backward checked."""
    match_keyframe: NDArray[np.int64] = field(default_factory=_no_indices)
    """(N,) frame index of the keyframe that a feature was matched to ..."""
    match_source: FloatArray = field(default_factory=_no_points)
    """(N, 2) ... its pixel in that keyframe ..."""
    match_target: FloatArray = field(default_factory=_no_points)
    """(N, 2) ... and its pixel in this frame."""
    depth: NDArray[np.float32] | None = None
    """Every `depth_stride`-th row and column of the depth cue, from (0, 0) on; NaN where unknown."""
    depth_stride: int = 4
    depth_is_metric: bool = False
    doubt: FloatArray = field(default_factory=lambda: np.zeros((6, 6)))
    """(6, 6) covariance of T_camera_object that other hypotheses of the pose add, which explain the video as well."""

    def __post_init__(self) -> None:
        for name in ("flow_source", "flow_target", "match_source", "match_target"):
            object.__setattr__(self, name, checked(f"TrackRecord.{name}", getattr(self, name), (None, 2)))
        checked("TrackRecord.flow_target", self.flow_target, (len(self.flow_source), 2))
        keyframe = checked("TrackRecord.match_keyframe", self.match_keyframe, (len(self.match_target),), np.int64)
        object.__setattr__(self, "match_keyframe", keyframe)
        checked("TrackRecord.match_source", self.match_source, (len(self.match_target), 2))
        object.__setattr__(self, "doubt", checked("TrackRecord.doubt", self.doubt, (6, 6)))
        for name in ("hand_mask", "object_mask", "excluded"):
            mask = getattr(self, name)
            if mask is not None and mask.image_size != self.image_size:
                raise InputError(
                    f"TrackRecord.{name} is for an image of {mask.image_size}",
                    f"masks of the image size {self.image_size}",
                    "pack the mask of the whole image",
                )
        if self.depth is not None:
            depth = checked("TrackRecord.depth", self.depth, (None, None), np.float32, finite=False)
            object.__setattr__(self, "depth", depth)
