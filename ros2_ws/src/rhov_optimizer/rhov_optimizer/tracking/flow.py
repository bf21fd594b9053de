"""Optical flow as residuals: surface points seen in the previous frame, carried into this one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.cues import FrameCues
from rhov_optimizer.registration.points import PointTerm
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig

SURFACE_MARGIN = 4
"""Tracks that start this near to the silhouette [pixel] may belong to the background."""
LEAST_COSINE = 0.1
"""Tracks on faces seen more obliquely than this cosine are left out."""
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class FlowTracks:
    """Tracks of optical flow that start on the object."""

    source: FloatArray
    """(M, 2) in the previous frame [pixel]."""
    term: PointTerm
    """Their surface points and where they are in this frame."""

    @classmethod
    def on_object(cls, cues: FrameCues, previous: SurfaceView, config: TrackerConfig) -> FlowTracks:
        """Selects tracks.

        Args:
            cues: Of the frame.
            previous: The object at its pose in the previous frame.
            config: Settings.
        """
        index = np.flatnonzero(previous.inside(cues.flow_source, SURFACE_MARGIN)) if len(cues.flow_source) else _NONE
        if len(index) > config.flow_points:
            index = index[np.linspace(0, len(index) - 1, config.flow_points).astype(np.int64)]
        points, cosines = previous.unproject(cues.flow_source[index])
        index, points = index[cosines > LEAST_COSINE], points[cosines > LEAST_COSINE]
        term = PointTerm(
            points,
            cues.flow_target[index],
            previous.camera.K,
            config.flow_sigma,
            config.flow_weight,
            config.flow_least_sigma,
        )
        return cls(cues.flow_source[index], term)

    def __len__(self) -> int:
        return len(self.term)
