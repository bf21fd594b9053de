"""Closing of meshes that have holes."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from rhov_core.arrays import FloatArray
from rhov_core.mesh.surface import Mesh, is_closed, merged, oriented, volume_and_centre

_MERGE = 1e-3
"""Vertices nearer than this fraction of the diagonal are taken for the same one."""


def repaired(vertices: FloatArray, faces: NDArray[np.int32]) -> tuple[Mesh, str]:
    """Closes a mesh: merges near vertices and fills holes, or else takes its convex hull.

    Args:
        vertices: (V, 3).
        faces: (F, 3).

    Returns:
        The closed mesh, wound outwards, and a sentence that says what was done.
    """
    diagonal = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    for tolerance in (0.0, _MERGE * diagonal):
        v, f = merged(vertices, faces, tolerance)
        if not len(f):
            continue
        f = np.ascontiguousarray(f[np.unique(np.sort(f, axis=1), axis=0, return_index=True)[1]])
        mesh = trimesh.Trimesh(v, f, process=False)
        trimesh.repair.fix_winding(mesh)
        trimesh.repair.fill_holes(mesh, use_fan=True)
        filled = oriented(np.array(mesh.vertices, np.float64), np.array(mesh.faces, np.int32))
        if is_closed(filled) and abs(volume_and_centre(mesh.vertices, filled)[0]) > 1e-6 * diagonal**3:
            added = len(filled) - len(f)
            return (np.array(mesh.vertices, np.float64), filled), f"its holes were filled with {added} faces"
    return convex_hull(vertices), "its holes could not be filled, so its convex hull is used"


def convex_hull(points: FloatArray) -> Mesh:
    """The convex hull of points (N, 3) as a mesh wound outwards; the points must not lie in one plane."""
    hull = ConvexHull(points)
    a, b, c = np.moveaxis(points[hull.simplices], 1, 0)
    inwards = np.einsum("fi,fi->f", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    faces = np.where(inwards[:, None], hull.simplices[:, ::-1], hull.simplices)
    used, compact = np.unique(faces, return_inverse=True)
    return points[used].astype(np.float64), compact.reshape(-1, 3).astype(np.int32)
