"""Distance and solid angle of one triangle, for compiled loops."""

from __future__ import annotations

import math
from typing import Any

import numba


@numba.njit(cache=True, nogil=True, inline="always")
def _dot(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> float:
    return ax * bx + ay * by + az * bz


@numba.njit(cache=True, nogil=True)
def _to_segment(px: float, py: float, pz: float, ux: float, uy: float, uz: float) -> float:
    """Squared distance of p to the segment from the origin to u."""
    uu = _dot(ux, uy, uz, ux, uy, uz)
    s = min(max(_dot(px, py, pz, ux, uy, uz) / uu, 0.0), 1.0) if uu > 0.0 else 0.0
    x, y, z = px - s * ux, py - s * uy, pz - s * uz
    return _dot(x, y, z, x, y, z)


@numba.njit(cache=True, nogil=True)
def squared_distance(px: float, py: float, pz: float, a: Any, b: Any, c: Any) -> float:
    """Squared distance [m^2] of a point to the triangle a, b, c, which may be degenerate."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    qx, qy, qz = px - a[0], py - a[1], pz - a[2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    nn = _dot(nx, ny, nz, nx, ny, nz)
    if nn > 1e-16 * _dot(ux, uy, uz, ux, uy, uz) * _dot(vx, vy, vz, vx, vy, vz):
        # Weights of b and c in the foot of the perpendicular, times nn.
        wb = _dot(nx, ny, nz, qy * vz - qz * vy, qz * vx - qx * vz, qx * vy - qy * vx)
        wc = _dot(nx, ny, nz, uy * qz - uz * qy, uz * qx - ux * qz, ux * qy - uy * qx)
        if wb >= 0.0 and wc >= 0.0 and wb + wc <= nn:
            height = _dot(nx, ny, nz, qx, qy, qz)
            return height * height / nn
    return min(
        _to_segment(qx, qy, qz, ux, uy, uz),
        _to_segment(qx, qy, qz, vx, vy, vz),
        _to_segment(px - b[0], py - b[1], pz - b[2], vx - ux, vy - uy, vz - uz),
    )


@numba.njit(cache=True, nogil=True)
def winding_number(px: float, py: float, pz: float, vertices: Any, faces: Any) -> float:
    """How often a mesh encloses a point: 1 inside and 0 outside a closed surface with outward winding.

    Sums the solid angles of all faces (van Oosterom and Strackee, 1983).
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
