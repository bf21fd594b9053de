"""Metrics of the field: one pure function each, with the alignment in its name.

Arrays are numpy, lengths in metres, angles in radians, images in pixels.
"""

from rhov_core.metrics.alignment import align_procrustes, align_translation
from rhov_core.metrics.bop import VSD_TAUS, average_recall, mspd, mssd, recall, visibility_masks, vsd
from rhov_core.metrics.calibration import ellipsoid_coverage, normalised_squared_error
from rhov_core.metrics.contact import contact_ratio, penetration_depth, penetration_volume
from rhov_core.metrics.hand import mpjpe_absolute, mpjpe_procrustes, mpjpe_root_relative
from rhov_core.metrics.mask import mask_iou
from rhov_core.metrics.pose_error import (
    nearest_symmetric,
    rotation_error,
    rotation_error_symmetric,
    translation_error,
    translation_error_symmetric,
)
from rhov_core.metrics.shape import add, add_s, area_under_curve, chamfer, chamfer_translation_aligned
from rhov_core.metrics.temporal import (
    acceleration_error,
    rotation_jitter,
    scale_wobble,
    temporal_distance,
    translation_jitter,
)

__all__ = [
    "VSD_TAUS",
    "acceleration_error",
    "add",
    "add_s",
    "align_procrustes",
    "align_translation",
    "area_under_curve",
    "average_recall",
    "chamfer",
    "chamfer_translation_aligned",
    "contact_ratio",
    "ellipsoid_coverage",
    "mask_iou",
    "mpjpe_absolute",
    "mpjpe_procrustes",
    "mpjpe_root_relative",
    "mspd",
    "mssd",
    "nearest_symmetric",
    "normalised_squared_error",
    "penetration_depth",
    "penetration_volume",
    "recall",
    "rotation_error",
    "rotation_error_symmetric",
    "rotation_jitter",
    "scale_wobble",
    "temporal_distance",
    "translation_error",
    "translation_error_symmetric",
    "translation_jitter",
    "visibility_masks",
    "vsd",
]
