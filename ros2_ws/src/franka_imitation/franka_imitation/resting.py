"""Poses in which an object stands on a table by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from franka_imitation.shape import ConvexShape
from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation

_TILTS = np.deg2rad([4.0, 8.0])
"""An object stands if its centre of mass still rises from the first to the second of these tilts [rad]."""
_RISE = 4.5e-4
"""By at least this much; what rolls does not rise [m]."""
_DIRECTIONS = 24
_SAME = np.deg2rad(15.0)
"""Poses that differ by less than this are one: an uneven face rocks between them [rad]."""
_EDGE = 1e-5
"""A centre this near to the border of a triangle counts as over it [m]."""


@dataclass(frozen=True)
class RestingPose:
    """How an object stands, up to a turn about the vertical and a shift on the table."""

    T_table_object: FloatArray
    """(4, 4); the centre of mass is above the origin, the lowest points are at z = 0."""
    rise: float
    """How much its centre of mass rises from a tilt of 4 to one of 8 degrees, in the direction in which it falls
    most easily [m]."""

    @property
    def up_in_object(self) -> FloatArray:
        """(3,) vertical direction in the object's frame."""
        return self.T_table_object[2, :3].copy()


def resting_poses(shape: ConvexShape) -> list[RestingPose]:
    """The faces of the convex hull on which the object stands, safest first.

    Returns:
        Poses that bear a tilt; if there are none (a ball), the one that bears the most.
    """
    corners = shape.corners - shape.centre_of_mass
    poses: list[RestingPose] = []
    for normal in _supporting(ConvexHull(shape.corners), shape.centre_of_mass):
        rotation = Rotation.align_vectors([[0.0, 0.0, -1.0]], [normal])[0].as_matrix()
        turned = corners @ rotation.T
        T = np.eye(4)
        T[:3, :3] = rotation
        T[:3, 3] = [0, 0, -turned[:, 2].min()] - rotation @ shape.centre_of_mass
        poses.append(RestingPose(T, _rise(turned)))
    poses.sort(key=lambda pose: -pose.rise)
    steady = [pose for pose in poses if pose.rise >= _RISE] or poses[:1]
    kept: list[RestingPose] = []
    for pose in steady:
        if all(pose.up_in_object @ other.up_in_object < np.cos(_SAME) for other in kept):
            kept.append(pose)
    return kept


def _supporting(hull: ConvexHull, centre: FloatArray) -> FloatArray:
    """Outward normals (N, 3) of the faces of a hull that lie under its centre when they are at the bottom."""
    normals, offsets = hull.equations[:, :3], hull.equations[:, 3]
    below = centre - (normals @ centre + offsets)[:, None] * normals
    corners = hull.points[hull.simplices]
    sides = np.roll(corners, -1, axis=1) - corners
    turns = np.cross(sides, below[:, None] - corners)
    signs = (turns * normals[:, None]).sum(axis=2) / np.linalg.norm(sides, axis=2)
    under = (signs >= -_EDGE).all(axis=1) | (signs <= _EDGE).all(axis=1)
    rounded = np.round(hull.equations[under], 3)
    _, first = np.unique(rounded, axis=0, return_index=True)
    return normals[under][first]


def _rise(corners: FloatArray) -> float:
    """The smallest rise of the centre of mass, over all directions, for corners (V, 3) relative to it."""
    angle = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    axes = np.stack([np.cos(angle), np.sin(angle), np.zeros(_DIRECTIONS)], axis=1)
    lower, higher = (-(corners @ exp_rotation(axes * tilt)[:, 2, :].T).min(axis=0) for tilt in _TILTS)
    return float((higher - lower).min())
