"""A ray against the faces of a mesh."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def first_crossing(origin: Any, direction: Any, vertices: Any, faces: Any) -> tuple[float, Any]:
    """Distance [m] at which a ray first meets a face, infinite if never, and the face's unit normal (3,).

    Möller and Trumbore, "Fast, minimum storage ray-triangle intersection", 1997.

    Args:
        origin: (3,) [m].
        direction: (3,) unit vector.
        vertices: (V, 3) [m].
        faces: (F, 3).
    """
    nearest, hit = np.inf, -1
    for k in range(len(faces)):
        a = vertices[faces[k, 0]]
        u, v = vertices[faces[k, 1]] - a, vertices[faces[k, 2]] - a
        p = np.cross(direction, v)
        det = (u * p).sum()
        if abs(det) < 1e-14:
            continue
        s = origin - a
        x = (s * p).sum() / det
        if x < 0.0 or x > 1.0:
            continue
        q = np.cross(s, u)
        y = (direction * q).sum() / det
        if y < 0.0 or x + y > 1.0:
            continue
        way = (v * q).sum() / det
        if 0.0 < way < nearest:
            nearest, hit = way, k
    normal = np.zeros(3)
    if hit >= 0:
        a = vertices[faces[hit, 0]]
        normal = np.cross(vertices[faces[hit, 1]] - a, vertices[faces[hit, 2]] - a)
        normal = normal / np.sqrt((normal * normal).sum())
    return nearest, normal
