"""Alignments that metrics apply before they measure; each metric names its alignment."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray


def align_translation(estimate: ArrayLike, truth: ArrayLike) -> FloatArray:
    """The estimated points (..., N, 3) moved so that their centroid is that of the true ones [m]."""
    e, t = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    return e - e.mean(-2, keepdims=True) + t.mean(-2, keepdims=True)


def align_procrustes(estimate: ArrayLike, truth: ArrayLike, *, scale: bool = True) -> FloatArray:
    """The estimated points after the similarity that brings them closest to the true ones.

    Umeyama, *Least-squares estimation of transformation parameters between two point patterns*, PAMI 1991.

    Args:
        estimate: (..., N, 3) [m].
        truth: (..., N, 3) [m].
        scale: Whether the scale is aligned too; False gives the best rigid motion.

    Returns:
        (..., N, 3) aligned points [m].
    """
    e, t = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    mean_e, mean_t = e.mean(-2, keepdims=True), t.mean(-2, keepdims=True)
    e0, t0 = e - mean_e, t - mean_t
    U, S, Vt = np.linalg.svd(np.swapaxes(t0, -1, -2) @ e0)
    sign = np.where(np.linalg.det(U @ Vt) < 0, -1.0, 1.0)
    flip = np.ones_like(S)
    flip[..., -1] = sign
    R = U @ (flip[..., None] * Vt)
    variance = (e0**2).sum((-1, -2))
    s = (S * flip).sum(-1) / np.maximum(variance, 1e-30) if scale else np.ones_like(sign)
    return s[..., None, None] * e0 @ np.swapaxes(R, -1, -2) + mean_t
