"""The depth cue where it shows the object or the hand, and the paper's normalisation of it."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.track_record import TrackRecord

MARGIN = 2
"""Depth is not believed this near to the border of its mask, where it mixes two surfaces [pixel]."""
LEAST_SAMPLES = 12
"""A frame with fewer depths than this is left out."""
FLAT = 0.05
"""A surface whose depths spread by less than this, relative to its size, has little depth to compare."""


def object_depths(record: TrackRecord) -> tuple[FloatArray, FloatArray] | None:
    """Pixels (M, 2) of the visible object whose depth is known, and their depths (M,); None if there are too few."""
    hidden = None if record.excluded is None else record.excluded.unpack()
    return _depths(record, record.object_mask, hidden)


def hand_depths(record: TrackRecord) -> tuple[FloatArray, FloatArray] | None:
    """The same of the visible hand: what the object's mask covers is left out."""
    hidden = None if record.object_mask is None else record.object_mask.unpack()
    return _depths(record, record.hand_mask, hidden)


def _depths(
    record: TrackRecord, mask: PackedMask | None, hidden: BoolArray | None
) -> tuple[FloatArray, FloatArray] | None:
    if record.depth is None or mask is None or mask.is_empty:
        return None
    visible = mask.unpack() if hidden is None else mask.unpack() & ~hidden
    size = 2 * MARGIN + 1
    kernel = np.ones((size, size), np.uint8)
    core = cv2.erode(visible.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    stride = record.depth_stride
    known = (core[::stride, ::stride] > 0) & np.isfinite(record.depth)
    rows, columns = np.nonzero(known)
    if len(rows) < LEAST_SAMPLES:
        return None
    values = record.depth[rows, columns].astype(np.float64)
    return stride * np.stack([columns, rows], 1).astype(np.float64), values


def normalised(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, float]:
    """The paper's N: values (M,) less their mean, over their standard deviation, and that deviation.

    Args:
        values: (M,).
        weights: (M,) not all zero.
    """
    centred = values - np.average(values, weights=weights)
    spread = float(np.sqrt(np.average(centred**2, weights=weights)))
    return centred / max(spread, 1e-12), spread


def relief(spread: float, size: float) -> float:
    """0 to 1: how much the depths of a surface of this size [m] say when they spread by so much [m]."""
    return spread**2 / (spread**2 + (FLAT * size) ** 2)
