"""Signed distances to a mesh, triangle by triangle, without a grid."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.sdf.triangle import squared_distance, winding_number


def exact_distance(
    points: FloatArray, vertices: FloatArray, faces: NDArray[np.int32], inside_only: bool = False
) -> FloatArray:
    """Signed distances (N,) [m] of points (N, 3) to a closed mesh, negative inside.

    Args:
        points: (N, 3) [m].
        vertices: (V, 3) [m].
        faces: (F, 3) wound outwards.
        inside_only: Whether points outside may be given the distance 0, which is faster.
    """
    out = np.empty(len(points))
    _distances(np.ascontiguousarray(points), np.array(vertices), np.array(faces), inside_only, out)
    return out


@numba.njit(cache=True, nogil=True)
def _distances(points: Any, vertices: Any, faces: Any, inside_only: bool, out: Any) -> None:
    for n in range(len(points)):
        x, y, z = points[n]
        inside = winding_number(x, y, z, vertices, faces) > 0.5
        if inside_only and not inside:
            out[n] = 0.0
            continue
        least = np.inf
        for k in range(len(faces)):
            d = squared_distance(x, y, z, vertices[faces[k, 0]], vertices[faces[k, 1]], vertices[faces[k, 2]])
            least = min(least, d)
        out[n] = (-1.0 if inside else 1.0) * np.sqrt(least)
