"""The tracked pose of the object in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.pose import is_transform
from rhov_core.trajectory import ObjectState


@dataclass(frozen=True)
class ObjectEstimate:
    """What the tracker says about one frame."""

    frame_index: int
    stamp: float
    """[s]"""
    T_camera_object: FloatArray
    """(4, 4); the last good pose where the state is LOST."""
    covariance: FloatArray
    """(6, 6) for a left perturbation [translation m, rotation rad]."""
    state: ObjectState
    mask_iou: float = float("nan")
    """Rendered silhouette against the mask, outside the hand, 0 to 1; NaN without a mask."""
    feature_inliers: int = 0
    """Features that agree with the pose."""
    residual: float = float("nan")
    """Median reprojection residual of the inliers [pixel]; NaN without features."""

    def __post_init__(self) -> None:
        checked("ObjectEstimate.stamp", self.stamp, ())
        object.__setattr__(self, "T_camera_object", checked("T_camera_object", self.T_camera_object, (4, 4)))
        if not is_transform(self.T_camera_object):
            raise InputError("T_camera_object is not a rigid transform", "a rotation and a translation", "correct it")
        object.__setattr__(self, "covariance", checked("covariance", self.covariance, (6, 6), np.float64))
