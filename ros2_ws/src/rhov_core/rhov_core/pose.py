"""Rigid transforms, rotations and their tangent vectors.

Conventions, the same everywhere in RHOV:

- `T_a_b` is a 4x4 matrix that maps coordinates in frame b to coordinates in frame a:
  `p_a = T_a_b @ p_b`, hence `T_a_c = T_a_b @ T_b_c`.
- Quaternions are ordered x, y, z, w. Metres, radians, seconds.
- A tangent vector is [translation, rotation], six numbers. It perturbs a transform from the left with the
  rotation about the transformed frame's own origin:
  `R' = exp(rotation) R`, `t' = t + translation`.
  Covariances of poses refer to this perturbation.

All functions take leading batch dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from rhov_core.arrays import FloatArray
from rhov_core.rotation_vectors import write_matrices, write_vectors


def skew(vector: ArrayLike) -> FloatArray:
    """Cross-product matrices (..., 3, 3) of vectors (..., 3)."""
    v = np.asarray(vector, np.float64)
    out = np.zeros((*v.shape, 3))
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -v[..., 2], v[..., 1], -v[..., 0]
    return out - np.swapaxes(out, -1, -2)


def exp_rotation(rotation_vector: ArrayLike) -> FloatArray:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) [rad]."""
    w = np.array(rotation_vector, np.float64, order="C")  # a copy: read-only arrays would be compiled for once more
    out = np.empty((*w.shape, 3))
    write_matrices(w.reshape(-1, 3), out.reshape(-1, 3, 3))
    return out


def log_rotation(rotation: ArrayLike) -> FloatArray:
    """Rotation vectors (..., 3) [rad] of rotation matrices (..., 3, 3); angles lie in [0, pi]."""
    R = np.array(rotation, np.float64, order="C")
    out = np.empty(R.shape[:-1])
    write_vectors(R.reshape(-1, 3, 3), out.reshape(-1, 3))
    return out


def rotation_angle(rotation: ArrayLike) -> FloatArray:
    """Angles (...,) [rad] in [0, pi] of rotation matrices (..., 3, 3)."""
    return np.linalg.norm(log_rotation(rotation), axis=-1)


def quaternion_from_rotation(rotation: ArrayLike) -> FloatArray:
    """Quaternions (..., 4), x y z w with w >= 0, of rotation matrices (..., 3, 3)."""
    R = np.array(rotation, np.float64)
    q = Rotation.from_matrix(R.reshape(-1, 3, 3)).as_quat(canonical=True)
    return q.reshape(*R.shape[:-2], 4)


def rotation_from_quaternion(quaternion: ArrayLike) -> FloatArray:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4), x y z w, of any non-zero norm."""
    q = np.array(quaternion, np.float64)
    return Rotation.from_quat(q.reshape(-1, 4)).as_matrix().reshape(*q.shape[:-1], 3, 3)


def make_transform(rotation: ArrayLike, translation: ArrayLike) -> FloatArray:
    """Transforms (..., 4, 4) of rotations (..., 3, 3) and translations (..., 3) [m]."""
    R, t = np.asarray(rotation, np.float64), np.asarray(translation, np.float64)
    T = np.zeros((*np.broadcast_shapes(R.shape[:-2], t.shape[:-1]), 4, 4))
    T[..., :3, :3], T[..., :3, 3], T[..., 3, 3] = R, t, 1.0
    return T


def inverse(transform: ArrayLike) -> FloatArray:
    """Inverse transforms: `inverse(T_a_b)` is `T_b_a`."""
    T = np.asarray(transform, np.float64)
    Rt = np.swapaxes(T[..., :3, :3], -1, -2)
    return make_transform(Rt, -(Rt @ T[..., :3, 3:])[..., 0])


def transform_points(transform: ArrayLike, points: ArrayLike) -> FloatArray:
    """Points (..., N, 3) in frame a, of `T_a_b` (..., 4, 4) and points (..., N, 3) in frame b [m]."""
    T, p = np.asarray(transform, np.float64), np.asarray(points, np.float64)
    return p @ np.swapaxes(T[..., :3, :3], -1, -2) + T[..., None, :3, 3]


def perturb(transform: ArrayLike, tangent: ArrayLike) -> FloatArray:
    """Transforms perturbed from the left by tangents (..., 6), [translation m, rotation rad]."""
    T, xi = np.asarray(transform, np.float64), np.asarray(tangent, np.float64)
    return make_transform(exp_rotation(xi[..., 3:]) @ T[..., :3, :3], T[..., :3, 3] + xi[..., :3])


def difference(transform_to: ArrayLike, transform_from: ArrayLike) -> FloatArray:
    """Tangents (..., 6) with `perturb(transform_from, difference) == transform_to`."""
    a, b = np.asarray(transform_to, np.float64), np.asarray(transform_from, np.float64)
    w = log_rotation(a[..., :3, :3] @ np.swapaxes(b[..., :3, :3], -1, -2))
    return np.concatenate([a[..., :3, 3] - b[..., :3, 3], w], axis=-1)


def interpolate(transform_from: ArrayLike, transform_to: ArrayLike, fraction: ArrayLike) -> FloatArray:
    """Transforms on the way from one to the other: translation linear, rotation about a fixed axis.

    Args:
        transform_from: (..., 4, 4), returned at fraction 0.
        transform_to: (..., 4, 4), returned at fraction 1.
        fraction: (...,), usually in [0, 1].
    """
    s = np.asarray(fraction, np.float64)[..., None]
    return perturb(transform_from, s * difference(transform_to, transform_from))


def is_transform(transform: ArrayLike, tolerance: float = 1e-6) -> bool:
    """Whether every matrix of (..., 4, 4) is a finite rigid transform."""
    T = np.asarray(transform, np.float64)
    if T.shape[-2:] != (4, 4) or not np.isfinite(T).all():
        return False
    R = T[..., :3, :3]
    orthogonal = np.abs(R @ np.swapaxes(R, -1, -2) - np.eye(3)).max(initial=0.0) <= tolerance
    proper = bool(np.all(np.linalg.det(R) > 0)) if R.size else True
    return bool(orthogonal and proper and np.abs(T[..., 3, :] - [0, 0, 0, 1]).max(initial=0.0) <= tolerance)
