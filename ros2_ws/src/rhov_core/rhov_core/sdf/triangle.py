"""Distance and solid angle of one triangle, for compiled loops."""

from __future__ import annotations

import math
from typing import Any

import numba


@numba.njit(cache=True, nogil=True, inline="always")
def _dot(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> float:
    return ax * bx + ay * by + az * bz


@numba.njit(cache=True, nogil=True)
def squared_distance(px: float, py: float, pz: float, a: Any, b: Any, c: Any) -> float:
    """Squared distance [m^2] of a point to the triangle a, b, c.

    The nearest feature is found by the signs of projections on the edges (Ericson, "Real-Time Collision Detection",
    2004, section 5.1.5).
    """
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    ax, ay, az = px - a[0], py - a[1], pz - a[2]
    d1, d2 = _dot(ux, uy, uz, ax, ay, az), _dot(vx, vy, vz, ax, ay, az)
    if d1 <= 0.0 and d2 <= 0.0:
        return _dot(ax, ay, az, ax, ay, az)
    bx, by, bz = px - b[0], py - b[1], pz - b[2]
    d3, d4 = _dot(ux, uy, uz, bx, by, bz), _dot(vx, vy, vz, bx, by, bz)
    if d3 >= 0.0 and d4 <= d3:
        return _dot(bx, by, bz, bx, by, bz)
    cx, cy, cz = px - c[0], py - c[1], pz - c[2]
    d5, d6 = _dot(ux, uy, uz, cx, cy, cz), _dot(vx, vy, vz, cx, cy, cz)
    if d6 >= 0.0 and d5 <= d6:
        return _dot(cx, cy, cz, cx, cy, cz)
    s, t = 0.0, 0.0
    vc, vb, va = d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4
    if vc <= 0.0 and d1 >= 0.0 and d3 <= 0.0 and d1 != d3:
        s = d1 / (d1 - d3)
    elif vb <= 0.0 and d2 >= 0.0 and d6 <= 0.0 and d2 != d6:
        t = d2 / (d2 - d6)
    elif va <= 0.0 and d4 - d3 >= 0.0 and d5 - d6 >= 0.0 and d4 - d3 + d5 - d6 > 0.0:
        t = (d4 - d3) / (d4 - d3 + d5 - d6)
        s = 1.0 - t
    else:
        total = va + vb + vc
        if total != 0.0:
            s, t = vb / total, vc / total
    x, y, z = ax - s * ux - t * vx, ay - s * uy - t * vy, az - s * uz - t * vz
    return _dot(x, y, z, x, y, z)


@numba.njit(cache=True, nogil=True)
def winding_number(px: float, py: float, pz: float, vertices: Any, faces: Any) -> float:
    """How often a mesh encloses a point: 1 inside and 0 outside a closed surface with outward winding.

    Sums the solid angles of all faces (van Oosterom and Strackee, 1983), so that small holes do little harm.
    """
    total = 0.0
    for k in range(faces.shape[0]):
        i, j, l = faces[k, 0], faces[k, 1], faces[k, 2]  # noqa: E741
        ax, ay, az = vertices[i, 0] - px, vertices[i, 1] - py, vertices[i, 2] - pz
        bx, by, bz = vertices[j, 0] - px, vertices[j, 1] - py, vertices[j, 2] - pz
        cx, cy, cz = vertices[l, 0] - px, vertices[l, 1] - py, vertices[l, 2] - pz
        na = math.sqrt(_dot(ax, ay, az, ax, ay, az))
        nb = math.sqrt(_dot(bx, by, bz, bx, by, bz))
        nc = math.sqrt(_dot(cx, cy, cz, cx, cy, cz))
        volume = _dot(ax, ay, az, by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx)
        total += math.atan2(
            volume,
            na * nb * nc
            + _dot(ax, ay, az, bx, by, bz) * nc
            + _dot(bx, by, bz, cx, cy, cz) * na
            + _dot(cx, cy, cz, ax, ay, az) * nb,
        )
    return total / (2.0 * math.pi)
