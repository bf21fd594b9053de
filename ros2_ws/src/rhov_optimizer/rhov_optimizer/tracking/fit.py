"""What fitting one frame gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.cues import FrameCues
from rhov_core.trajectory import ObjectState
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking.flow import FlowTracks
from rhov_optimizer.tracking.keyframes import Matches
from rhov_optimizer.tracking.observation import MaskObservation

DEPTH_STRIDE = 4
"""Every so many rows and columns of a depth image are kept for the joint optimisation."""


@dataclass(frozen=True)
class FrameFit:
    """A pose hypothesis of one frame with what speaks for it."""

    T: FloatArray
    """(4, 4) of the centred mesh."""
    information: FloatArray
    """(6, 6)"""
    state: ObjectState
    view: SurfaceView | None
    """The object at T; None if it cannot be drawn."""
    iou: float
    """Overlap with the mask outside the hand; NaN without a mask."""
    residuals: FloatArray
    """(N,) of the matched features at T [pixel]."""
    inlier: BoolArray
    """(N,) which of them agree."""
    observation: MaskObservation | None
    flow: FlowTracks | None
    matches: Matches

    @classmethod
    def nothing(cls) -> FrameFit:
        """The fit of a frame in which the object was not found."""
        return cls(
            np.eye(4),
            np.zeros((6, 6)),
            ObjectState.LOST,
            None,
            float("nan"),
            np.zeros(0),
            np.zeros(0, np.bool_),
            None,
            None,
            Matches.join([]),
        )

    @property
    def inliers(self) -> int:
        """Number of features that agree."""
        return int(np.count_nonzero(self.inlier))

    @property
    def median_residual(self) -> float:
        """Of the features that agree [pixel]; NaN without any."""
        return float(np.median(self.residuals[self.inlier])) if self.inliers else float("nan")

    def record(self, cues: FrameCues) -> TrackRecord:
        """What the joint optimisation needs of this frame."""
        mask, excluded = (
            (None, None) if self.observation is None else (self.observation.mask, self.observation.excluded)
        )
        flow = {} if self.flow is None else {"flow_source": self.flow.source, "flow_target": self.flow.term.pixels}
        depth = None if cues.depth is None else cues.depth[::DEPTH_STRIDE, ::DEPTH_STRIDE].astype(np.float32)
        return TrackRecord(
            cues.frame_index,
            cues.stamp,
            cues.image_size,
            cues.hand,
            None if cues.hand_mask is None else PackedMask.pack(cues.hand_mask),
            None if mask is None else PackedMask.pack(mask),
            None if excluded is None else PackedMask.pack(excluded),
            match_keyframe=self.matches.keyframe[self.inlier],
            match_source=self.matches.keyframe_pixels[self.inlier],
            match_target=self.matches.pixels[self.inlier],
            depth=depth,
            depth_stride=DEPTH_STRIDE,
            depth_is_metric=cues.depth_is_metric,
            **flow,
        )
