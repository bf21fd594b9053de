"""Errors of rigid poses, raw and up to an object's symmetries."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray


def translation_error(T_estimate: ArrayLike, T_truth: ArrayLike) -> FloatArray:
    """Distance of the frames' origins (...,) [m], of poses (..., 4, 4)."""
    e, t = np.asarray(T_estimate, np.float64), np.asarray(T_truth, np.float64)
    return np.linalg.norm(e[..., :3, 3] - t[..., :3, 3], axis=-1)


def rotation_error(T_estimate: ArrayLike, T_truth: ArrayLike) -> FloatArray:
    """Angle (...,) [rad] in [0, pi] between the rotations of poses (..., 4, 4)."""
    e, t = np.asarray(T_estimate, np.float64), np.asarray(T_truth, np.float64)
    return _angle(np.swapaxes(t[..., :3, :3], -1, -2) @ e[..., :3, :3])


def rotation_error_symmetric(T_estimate: ArrayLike, T_truth: ArrayLike, symmetries: ArrayLike) -> FloatArray:
    """Smallest rotation error (...,) [rad] over the object's symmetries.

    Args:
        T_estimate: (..., 4, 4) `T_camera_object`.
        T_truth: (..., 4, 4) `T_camera_object`.
        symmetries: (S, 4, 4) transforms of the object's frame that map the object onto itself, with the identity.
    """
    return rotation_error(*_with_symmetries(T_estimate, T_truth, symmetries)).min(-1)


def translation_error_symmetric(T_estimate: ArrayLike, T_truth: ArrayLike, symmetries: ArrayLike) -> FloatArray:
    """Translation error (...,) [m] at the symmetry whose rotation error is smallest. Arguments as above.

    Symmetries about an axis that misses the frame's origin move the origin, so this differs from the raw error.
    """
    return translation_error(T_estimate, nearest_symmetric(T_estimate, T_truth, symmetries))


def nearest_symmetric(T_estimate: ArrayLike, T_truth: ArrayLike, symmetries: ArrayLike) -> FloatArray:
    """Of the poses (..., 4, 4) that look like the true one, that whose rotation is nearest. Arguments as above."""
    e, t = _with_symmetries(T_estimate, T_truth, symmetries)
    best = rotation_error(e, t).argmin(-1)
    return np.take_along_axis(t, best[..., None, None, None], axis=-3)[..., 0, :, :]


def _with_symmetries(T_estimate: ArrayLike, T_truth: ArrayLike, symmetries: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Estimates (..., 1, 4, 4) and the equivalent truths (..., S, 4, 4)."""
    e, t, s = (np.asarray(x, np.float64) for x in (T_estimate, T_truth, symmetries))
    return e[..., None, :, :], t[..., None, :, :] @ s


def _angle(R: FloatArray) -> FloatArray:
    """Angles of rotation matrices, accurate near 0 and near pi."""
    axis = np.stack([R[..., 2, 1] - R[..., 1, 2], R[..., 0, 2] - R[..., 2, 0], R[..., 1, 0] - R[..., 0, 1]], axis=-1)
    return np.arctan2(np.linalg.norm(axis, axis=-1), np.trace(R, axis1=-2, axis2=-1) - 1)
