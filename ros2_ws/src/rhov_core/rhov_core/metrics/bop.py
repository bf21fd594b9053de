"""The pose errors and the average recall of the BOP challenge.

Hodan et al., *BOP Challenge 2020 on 6D Object Localization*, ECCVW 2020; the definitions follow its section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.pose import transform_points

VSD_DELTA = 0.015
"""Tolerance of visibility [m]."""
VSD_TAUS = np.arange(0.05, 0.51, 0.05)
"""Misalignment tolerances, as fractions of the object's diameter."""
VSD_THRESHOLDS = np.arange(0.05, 0.51, 0.05)
"""Correct below these errors."""
MSSD_THRESHOLDS = np.arange(0.05, 0.51, 0.05)
"""Correct below these fractions of the object's diameter."""
MSPD_THRESHOLDS = np.arange(5.0, 51.0, 5.0)
"""Correct below these distances, for an image 640 pixels wide."""


def mssd(T_estimate: ArrayLike, T_truth: ArrayLike, points: ArrayLike, symmetries: ArrayLike) -> float:
    """Maximum symmetry-aware surface distance [m].

    Args:
        T_estimate: (4, 4) `T_camera_object`.
        T_truth: (4, 4) `T_camera_object`.
        points: (V, 3) vertices in the object's frame [m].
        symmetries: (S, 4, 4) with the identity.
    """
    truth = np.asarray(T_truth, np.float64) @ np.asarray(symmetries, np.float64)
    distance = np.linalg.norm(transform_points(T_estimate, points) - transform_points(truth, points), axis=-1)
    return float(distance.max(-1).min())


def mspd(T_estimate: ArrayLike, T_truth: ArrayLike, points: ArrayLike, symmetries: ArrayLike, camera: Camera) -> float:
    """Maximum symmetry-aware projection distance [pixel]. Arguments as in `mssd`."""
    truth = np.asarray(T_truth, np.float64) @ np.asarray(symmetries, np.float64)
    e = camera.project(transform_points(T_estimate, points))
    t = camera.project(transform_points(truth, points))
    distance = np.linalg.norm(e - t, axis=-1)
    return float(np.nan_to_num(distance, nan=np.inf).max(-1).min())


def visibility_masks(
    distance_estimate: ArrayLike, distance_truth: ArrayLike, distance_scene: ArrayLike, delta: float = VSD_DELTA
) -> tuple[BoolArray, BoolArray]:
    """Where the object at the estimated and at the true pose is visible in the scene, two masks (H, W).

    Args:
        distance_estimate: (H, W) distance of the object rendered at the estimate from the camera [m], 0 where it is
            not.
        distance_truth: (H, W) the same at the truth.
        distance_scene: (H, W) distance of the scene [m], 0 where unknown.
        delta: Tolerance [m].
    """
    e, t, s = (np.asarray(x, np.float64) for x in (distance_estimate, distance_truth, distance_scene))
    unknown = s == 0
    visible_t = (t > 0) & (unknown | (t <= s + delta))
    visible_e = (e > 0) & (unknown | (e <= s + delta))
    return visible_e | (visible_t & (e > 0)), visible_t


def vsd(
    depth_estimate: ArrayLike,
    depth_truth: ArrayLike,
    depth_scene: ArrayLike,
    diameter: float,
    camera: Camera,
    taus: ArrayLike = VSD_TAUS,
    delta: float = VSD_DELTA,
) -> FloatArray:
    """Visible surface discrepancy (len(taus),), 0 to 1, with the step cost.

    Args:
        depth_estimate: (H, W) depth of the object rendered at the estimate [m], 0 where it is not.
        depth_truth: (H, W) the same at the truth.
        depth_scene: (H, W) depth of the scene [m], 0 where unknown.
        diameter: Of the object [m].
        camera: Of the images, without distortion: BOP compares distances from the camera, not depths.
        taus: Misalignment tolerances, as fractions of the diameter.
        delta: Tolerance of visibility [m].
    """
    far = _distance_over_depth(camera)
    e, t, s = (np.asarray(x, np.float64) * far for x in (depth_estimate, depth_truth, depth_scene))
    visible_e, visible_t = visibility_masks(e, t, s, delta)
    union, both = visible_e | visible_t, visible_e & visible_t
    if not union.any():
        return np.ones(len(np.atleast_1d(taus)))
    distance = np.abs(e[both] - t[both]) / diameter
    wrong = np.array([(distance >= tau).sum() for tau in np.atleast_1d(taus)])
    return (wrong + union.sum() - both.sum()) / union.sum()


def _distance_over_depth(camera: Camera) -> FloatArray:
    """Length (H, W) of the viewing rays with z = 1."""
    x = (np.arange(camera.width) - camera.cx) / camera.fx
    y = (np.arange(camera.height) - camera.cy) / camera.fy
    return np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2)


def recall(errors: ArrayLike, thresholds: ArrayLike) -> float:
    """Share of errors (N,) below a threshold, averaged over thresholds (K,); not finite counts as wrong."""
    e = np.asarray(errors, np.float64).ravel()
    e = np.where(np.isfinite(e), e, np.inf)
    return float(np.mean(e[:, None] < np.asarray(thresholds, np.float64).ravel())) if e.size else 0.0


def average_recall(
    vsd_errors: Sequence[ArrayLike] | None,
    mssd_errors: ArrayLike,
    mspd_errors: ArrayLike,
    diameter: float,
    image_width: int,
) -> Mapping[str, float]:
    """BOP's AR_VSD, AR_MSSD, AR_MSPD and their mean AR, 0 to 1.

    Args:
        vsd_errors: For each pose the errors at all `VSD_TAUS`; None without depth: AR is then the mean of the others,
            as BOP does for data sets without depth.
        mssd_errors: (N,) [m].
        mspd_errors: (N,) [pixel].
        diameter: Of the object [m].
        image_width: [pixel]; MSPD's thresholds are for a width of 640.
    """
    parts = {
        **({} if vsd_errors is None else {"AR_VSD": recall(np.asarray(vsd_errors, np.float64), VSD_THRESHOLDS)}),
        "AR_MSSD": recall(np.asarray(mssd_errors, np.float64) / diameter, MSSD_THRESHOLDS),
        "AR_MSPD": recall(np.asarray(mspd_errors, np.float64) * 640 / image_width, MSPD_THRESHOLDS),
    }
    return {**parts, "AR": float(np.mean(list(parts.values())))}
