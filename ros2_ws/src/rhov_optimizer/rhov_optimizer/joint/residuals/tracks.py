"""What the image says about the motion of the surface: optical flow and keyframe features, as lists of transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.track_record import TrackRecord


@dataclass(frozen=True)
class Transfer:
    """Pixels of the surface in one frame, found again in another."""

    source: int
    """Position of the first frame in the clip."""
    target: int
    """Position of the second."""
    source_pixels: FloatArray
    """(N, 2) [pixel]."""
    target_pixels: FloatArray
    """(N, 2) [pixel]."""
    sigma: float
    """Standard deviation of the target pixels [pixel]."""
    weight: float


def flow_transfers(records: Sequence[TrackRecord], seen: BoolArray, config: ObjectSolverConfig) -> list[Transfer]:
    """The optical flow between neighbouring frames in both of which the object was seen (N,)."""
    out = []
    for frame in range(1, len(records)):
        record = records[frame]
        if seen[frame] and seen[frame - 1] and len(record.flow_source) and config.flow_weight > 0:
            pick = _spread(len(record.flow_source), config.flow_points)
            out.append(
                Transfer(
                    frame - 1,
                    frame,
                    record.flow_source[pick],
                    record.flow_target[pick],
                    config.flow_sigma,
                    config.flow_weight,
                )
            )
    return out


def feature_transfers(records: Sequence[TrackRecord], seen: BoolArray, config: ObjectSolverConfig) -> list[Transfer]:
    """The matches of features with keyframes of this clip; matches with frames before it are left out."""
    position = {record.frame_index: i for i, record in enumerate(records)}
    out = []
    for frame, record in enumerate(records):
        if not seen[frame] or config.feature_weight == 0:
            continue
        for keyframe in np.unique(record.match_keyframe):
            source = position.get(int(keyframe))
            if source is None or source == frame or not seen[source]:
                continue
            of_keyframe = np.flatnonzero(record.match_keyframe == keyframe)
            pick = of_keyframe[_spread(len(of_keyframe), config.feature_points)]
            out.append(
                Transfer(
                    source,
                    frame,
                    record.match_source[pick],
                    record.match_target[pick],
                    config.feature_sigma,
                    config.feature_weight,
                )
            )
    return out


def _spread(available: int, wanted: int) -> FloatArray:
    """Indices of at most `wanted` of `available` entries, evenly spread."""
    return np.linspace(0, available - 1, min(wanted, available)).astype(np.int64)
