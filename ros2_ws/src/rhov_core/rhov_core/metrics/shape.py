"""Distances between an object's surface at the estimated and at the true pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from rhov_core.arrays import FloatArray
from rhov_core.metrics.alignment import align_translation
from rhov_core.pose import transform_points


def chamfer(estimate: ArrayLike, truth: ArrayLike) -> float:
    """Mean distance to the nearest point of the other set, averaged over both directions [m], without alignment.

    Args:
        estimate: (N, 3) points on the estimated surface, camera frame [m].
        truth: (M, 3) points on the true surface, camera frame [m].
    """
    e, t = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    return 0.5 * float(cKDTree(t).query(e)[0].mean() + cKDTree(e).query(t)[0].mean())


def chamfer_translation_aligned(estimate: ArrayLike, truth: ArrayLike) -> float:
    """`chamfer` after the centroids are brought together [m].

    The object error of RHO (Cao et al., ICCV 2021) that the paper's Tables 1 and 4 report.
    """
    return chamfer(align_translation(estimate, truth), truth)


def add(T_estimate: ArrayLike, T_truth: ArrayLike, points: ArrayLike) -> FloatArray:
    """Average distance of model points (...,) [m] between two poses.

    Hinterstoisser et al., ACCV 2012.

    Args:
        T_estimate: (..., 4, 4) `T_camera_object`.
        T_truth: (..., 4, 4) `T_camera_object`.
        points: (V, 3) model points in the object's frame [m].
    """
    return np.linalg.norm(transform_points(T_estimate, points) - transform_points(T_truth, points), axis=-1).mean(-1)


def add_s(T_estimate: ArrayLike, T_truth: ArrayLike, points: ArrayLike) -> FloatArray:
    """Average distance to the *nearest* model point (...,) [m], for symmetric objects ("ADD-S", "ADI").

    From each point at the true pose to the nearest at the estimated one (Hinterstoisser et al., ACCV 2012).
    Arguments as in `add`.
    """
    e = transform_points(T_estimate, points)
    t = transform_points(T_truth, points)
    shape = np.broadcast_shapes(e.shape, t.shape)
    pairs = zip(
        np.broadcast_to(e, shape).reshape(-1, *shape[-2:]),
        np.broadcast_to(t, shape).reshape(-1, *shape[-2:]),
        strict=True,
    )
    return np.array([cKDTree(a).query(b)[0].mean() for a, b in pairs]).reshape(shape[:-2])


def area_under_curve(errors: ArrayLike, limit: float = 0.1) -> float:
    """Area under the accuracy-threshold curve, 0 to 1, exact, over thresholds from 0 to `limit` [m].

    Xiang et al., *PoseCNN*, RSS 2018, with the usual limit of 0.1 m for ADD and ADD-S. An error that is not
    finite (a lost frame) counts as a failure at every threshold.
    """
    e = np.asarray(errors, np.float64).ravel()
    e = np.where(np.isfinite(e), e, np.inf)
    return float(np.clip(1 - e / limit, 0, None).mean()) if e.size else 0.0
