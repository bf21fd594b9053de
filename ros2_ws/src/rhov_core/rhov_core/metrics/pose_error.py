"""Errors of rigid poses, raw and up to an object's symmetries."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation, log_rotation, make_transform

_CONTINUOUS = np.radians(15.0)
"""A smaller turn is a sample of an axis of revolution: finite groups have an order of 12 at most."""
_LARGEST_GROUP = 120
"""More rotations without a small turn are a sample of all of them: the icosahedron's group has 60."""


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
            Turns of less than 15 degrees stand for all turns about their axis, more than 120 larger ones for all
            rotations about their centre: a sphere's.
    """
    return rotation_error(T_estimate, nearest_symmetric(T_estimate, T_truth, symmetries))


def translation_error_symmetric(T_estimate: ArrayLike, T_truth: ArrayLike, symmetries: ArrayLike) -> FloatArray:
    """Translation error (...,) [m] at the symmetry whose rotation error is smallest. Arguments as above.

    Symmetries about an axis that misses the frame's origin move the origin, so this differs from the raw error.
    """
    return translation_error(T_estimate, nearest_symmetric(T_estimate, T_truth, symmetries))


def nearest_symmetric(T_estimate: ArrayLike, T_truth: ArrayLike, symmetries: ArrayLike) -> FloatArray:
    """Of the poses (..., 4, 4) that look like the true one, that whose rotation is nearest. Arguments as above."""
    e, t, s = (np.asarray(x, np.float64) for x in (T_estimate, T_truth, symmetries))
    turn = _continuous(s)
    if turn is None and len(s) > _LARGEST_GROUP:
        return _turned_to(e, t, _common_centre(s))
    same = t[..., None, :, :] @ s
    best = rotation_error(e[..., None, :, :], same).argmin(-1)
    near = np.take_along_axis(same, best[..., None, None, None], axis=-3)[..., 0, :, :]
    return near if turn is None else near @ _best_turn(near, e, turn)


def _continuous(symmetries: FloatArray) -> FloatArray | None:
    """The smallest turn (4, 4) of symmetries (S, 4, 4) if it is a sample of all turns about its axis, else None."""
    angle = _angle(symmetries[:, :3, :3])
    angle[angle < 1e-6] = np.inf
    return symmetries[angle.argmin()] if angle.min() < _CONTINUOUS else None


def _common_centre(symmetries: FloatArray) -> FloatArray:
    """The point (3,) of the object's frame that rotations (S, 4, 4) about all kinds of axes leave where it is."""
    R, t = symmetries[:, :3, :3], symmetries[:, :3, 3]
    return np.linalg.lstsq((np.eye(3) - R).reshape(-1, 3), t.reshape(-1), rcond=None)[0]


def _turned_to(T_estimate: FloatArray, T_truth: FloatArray, centre: FloatArray) -> FloatArray:
    """True poses (..., 4, 4) turned about a point (3,) of the object until their rotations are the estimated ones."""
    R = np.broadcast_to(T_estimate[..., :3, :3], (*np.broadcast_shapes(T_estimate.shape, T_truth.shape)[:-2], 3, 3))
    return make_transform(R, T_truth[..., :3, :3] @ centre + T_truth[..., :3, 3] - R @ centre)


def _best_turn(T_from: FloatArray, T_to: FloatArray, turn: FloatArray) -> FloatArray:
    """Of all turns about the axis of a turn (4, 4), those (..., 4, 4) that bring poses nearest to others.

    trace(A(x)^T R) = a^T R a + cos(x) (trace R - a^T R a) + sin(x) a^T vee(R - R^T), for the turn A(x) about a.
    """
    axis = log_rotation(turn[:3, :3])
    axis /= np.linalg.norm(axis)
    point = np.linalg.pinv(np.eye(3) - turn[:3, :3], rcond=1e-6) @ turn[:3, 3]
    R = np.swapaxes(T_from[..., :3, :3], -1, -2) @ T_to[..., :3, :3]
    along = np.einsum("i,...ij,j->...", axis, R, axis)
    angle = np.arctan2(_vee(R) @ axis, np.trace(R, axis1=-2, axis2=-1) - along)
    A = exp_rotation(angle[..., None] * axis)
    return make_transform(A, point - A @ point)


def _angle(R: FloatArray) -> FloatArray:
    """Angles of rotation matrices, accurate near 0 and near pi."""
    return np.arctan2(np.linalg.norm(_vee(R), axis=-1), np.trace(R, axis1=-2, axis2=-1) - 1)


def _vee(R: FloatArray) -> FloatArray:
    """Vectors (..., 3) of the antisymmetric parts of R (..., 3, 3), times two."""
    return np.stack([R[..., 2, 1] - R[..., 1, 2], R[..., 0, 2] - R[..., 2, 0], R[..., 1, 0] - R[..., 0, 1]], axis=-1)
