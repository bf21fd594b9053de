"""Where the joint optimisation starts from: the tracker's poses with lost frames bridged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.errors import InputError
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import interpolate
from rhov_core.trajectory import ObjectState
from rhov_optimizer.track_record import TrackRecord


def check_clip(
    records: Sequence[TrackRecord], estimates: Sequence[ObjectEstimate], image_size: tuple[int, int]
) -> None:
    """Refuses records and estimates that do not belong together.

    Raises:
        InputError: If the clip is empty, frames differ or are out of order, or images have another size.
    """
    if not records or len(records) != len(estimates):
        raise InputError(
            f"there are {len(records)} track records and {len(estimates)} object estimates",
            "one of each for every frame of the clip, and at least one frame",
            "collect both after every step of the tracker",
        )
    for i, (record, estimate) in enumerate(zip(records, estimates, strict=True)):
        if record.frame_index != estimate.frame_index:
            raise InputError(
                f"entry {i} has a record of frame {record.frame_index} and an estimate of frame {estimate.frame_index}",
                "records and estimates of the same frames",
                "collect both after every step of the tracker",
            )
        if record.image_size != image_size:
            raise InputError(
                f"frame {record.frame_index} has {record.image_size[0]}x{record.image_size[1]} pixels",
                f"the camera's {image_size[0]}x{image_size[1]}",
                "give the camera that the clip was tracked with",
            )
        if i and (record.frame_index <= records[i - 1].frame_index or record.stamp <= records[i - 1].stamp):
            raise InputError(
                f"frame {record.frame_index} at {record.stamp:g} s follows frame {records[i - 1].frame_index} at "
                f"{records[i - 1].stamp:g} s",
                "frame indices and stamps that increase strictly",
                "sort the frames by time",
            )


def seen_frames(estimates: Sequence[ObjectEstimate]) -> BoolArray:
    """(N,) where the object was not lost."""
    return np.array([estimate.state != ObjectState.LOST for estimate in estimates], np.bool_)


def bridged_poses(estimates: Sequence[ObjectEstimate], seen: BoolArray) -> FloatArray:
    """Poses (N, 4, 4): lost frames move steadily from the last good pose to the next, and stand still at the ends."""
    T = np.stack([estimate.T_camera_object for estimate in estimates])
    good = np.flatnonzero(seen)
    if not len(good):
        return T
    stamps = np.array([estimate.stamp for estimate in estimates])
    for frame in np.flatnonzero(~seen):
        place = int(np.searchsorted(good, frame))
        before, after = good[max(place - 1, 0)], good[min(place, len(good) - 1)]
        span = max(stamps[after] - stamps[before], 1e-9)
        T[frame] = interpolate(T[before], T[after], np.clip((stamps[frame] - stamps[before]) / span, 0.0, 1.0))
    return T
