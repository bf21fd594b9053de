"""Checks of what the joint optimisation is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhov_core.arrays import BoolArray
from rhov_core.errors import InputError
from rhov_core.object_estimate import ObjectEstimate
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
