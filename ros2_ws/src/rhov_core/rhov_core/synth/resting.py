"""How an object comes to rest on a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull

from rhov_core.arrays import FloatArray
from rhov_core.mesh.surface import volume_and_centre
from rhov_core.pose import make_transform, skew

_EDGE = 1e-6
"""The centre of mass may lie this far outside a supporting triangle, as a fraction of its size."""


def resting_transform(vertices: FloatArray, faces: NDArray[np.int32], up: ArrayLike | None = None) -> FloatArray:
    """T_world_object (4, 4) of an object at rest on the table z = 0, its origin above the world's.

    The object stands on a triangle of its convex hull above which its centre of mass lies.

    Args:
        vertices: (V, 3) object frame [m].
        faces: (F, 3) closed, wound outwards.
        up: (3,) direction in the object frame that points up, about; the nearest stable pose is taken. None: the
            pose with the lowest centre of mass.
    """
    normals, heights = _stable_sides(vertices, volume_and_centre(vertices, faces)[1])
    if up is None:
        down = normals[np.argmin(heights)]
    else:
        down = normals[np.argmax(normals @ -(np.asarray(up, np.float64) / np.linalg.norm(up)))]
    R = _turn(-down)
    return make_transform(R, [0.0, 0.0, -float((vertices @ R.T)[:, 2].min())])


def _stable_sides(vertices: FloatArray, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Outward normals (N, 3) of the sides that it can stand on, and the height of the centre of mass on each (N,)."""
    hull = ConvexHull(vertices)
    corners, normals = vertices[hull.simplices], hull.equations[:, :3]
    height = -(normals @ centre + hull.equations[:, 3])
    foot = centre + normals * height[:, None]
    edges = np.roll(corners, -1, axis=1) - corners
    inwards = np.cross(normals[:, None], edges)
    third = np.roll(corners, -2, axis=1) - corners
    sign = np.sign((inwards * third).sum(-1))
    inside = sign * (inwards * (foot[:, None] - corners)).sum(-1) >= -_EDGE * (edges**2).sum(-1)
    stable = inside.all(1)
    return normals[stable], height[stable]


def _turn(up: FloatArray) -> FloatArray:
    """The smallest rotation (3, 3) that turns a unit vector upwards."""
    z = np.array([0.0, 0.0, 1.0])
    axis, cosine = np.cross(up, z), float(up @ z)
    if cosine < -1 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    K = skew(axis)
    return np.eye(3) + K + K @ K / (1 + cosine)
