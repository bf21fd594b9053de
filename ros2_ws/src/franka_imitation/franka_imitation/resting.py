"""Poses in which an object stands on a table by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from franka_imitation.shape import ConvexShape
from rhov_core.arrays import FloatArray

STABLE = np.deg2rad(8.0)
"""An object that may be tilted by this angle without falling stands safely [rad]."""


@dataclass(frozen=True)
class RestingPose:
    """How an object stands, up to a turn about the vertical and a shift on the table."""

    T_table_object: FloatArray
    """(4, 4); the centre of mass is above the origin, the lowest points are at z = 0."""
    tilt: float
    """Smallest tilt that makes it fall [rad]."""
    up_in_object: FloatArray
    """(3,) vertical direction in the object's frame."""


def resting_poses(shape: ConvexShape) -> list[RestingPose]:
    """The faces of the convex hull on which the object stands, safest first.

    Returns:
        Poses that bear a tilt of `STABLE`; if there are none (a ball), the one that bears the most.
    """
    hull = ConvexHull(shape.corners)
    poses: list[RestingPose] = []
    for normal in _different(hull.equations):
        rotation = Rotation.align_vectors([[0.0, 0.0, -1.0]], [normal])[0].as_matrix()
        corners = (shape.corners - shape.centre_of_mass) @ rotation.T
        height = -corners[:, 2].min()
        foot = corners[corners[:, 2] < -height + 1e-4][:, :2]
        tilt = float(np.arctan2(_distance_to_edge(foot), height))
        T = np.eye(4)
        T[:3, :3] = rotation
        T[:3, 3] = [0, 0, height] - rotation @ shape.centre_of_mass
        poses.append(RestingPose(T, tilt, -normal))
    poses.sort(key=lambda pose: -pose.tilt)
    return [pose for pose in poses if pose.tilt >= STABLE] or poses[:1]


def _different(equations: FloatArray) -> list[FloatArray]:
    """Outward normals of the facets, one for coplanar triangles."""
    found: list[FloatArray] = []
    for equation in equations:
        if not any(np.abs(equation - other).max() < 1e-3 for other in found):
            found.append(equation)
    return [equation[:3] for equation in found]


def _distance_to_edge(foot: FloatArray) -> float:
    """Distance of the origin inwards from the border of a polygon given by points (N, 2); negative outside."""
    if np.linalg.matrix_rank(foot - foot.mean(axis=0), tol=1e-6) < 2:
        return -1.0
    return float(-ConvexHull(foot).equations[:, 2].max())
