"""Errors of hand joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray
from rhov_core.metrics.alignment import align_procrustes


def mpjpe_absolute(estimate: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Mean per joint position error (...,) [m] of joints (..., J, 3) in the camera frame, without any alignment."""
    return np.linalg.norm(np.asarray(estimate, np.float64) - np.asarray(truth, np.float64), axis=-1).mean(-1)


def mpjpe_root_relative(estimate: ArrayLike, truth: ArrayLike, root: int = 0) -> FloatArray:
    """Mean per joint position error (...,) [m] after the root joints (..., J, 3) are brought together.

    DexYCB's "root-relative" (Chao et al., CVPR 2021); the root is the wrist.
    """
    e, t = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    return mpjpe_absolute(e - e[..., root : root + 1, :], t - t[..., root : root + 1, :])


def mpjpe_procrustes(estimate: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Mean per joint position error (...,) [m] after a similarity alignment of the joints (..., J, 3).

    The "PA-MPJPE" of HO3D (Hampali et al., CVPR 2020) and DexYCB.
    """
    return mpjpe_absolute(align_procrustes(estimate, truth), truth)
