"""Where the edges of a mesh cross between a covered and an empty pixel: the silhouette, exact within a pixel.

Between the centres of a covered pixel and of an empty neighbour the silhouette lies at a fraction t of the way. The
pixel whose square holds that place gets the coverage that this implies; moving the edge moves t and thereby the
coverage, which is the whole gradient (the analytic antialiasing of Laine et al., "Modular primitives for
high-performance differentiable rendering", 2020). Unlike there, the crossings are found by walking along the
silhouette edges of the mesh and not by looking at the face that the covered pixel sees, so that they are found as
well where faces are smaller than a pixel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.camera import Camera
from rhov_core.render.rasterizer import NEAR


class Crossings(NamedTuple):
    """M places where the silhouette passes between two neighbouring pixel centres."""

    ends: NDArray[np.int32]
    """(M, 2) vertices at the ends of the silhouette edge."""
    pixels: NDArray[np.int64]
    """(M, 2) flat indices into (B, H, W) of the covered and of the empty pixel."""
    direction: NDArray[np.int32]
    """(M, 2) step from the covered to the empty pixel, (x, y)."""
    fraction: NDArray[np.float64]
    """(M, 2) how far it is from the covered pixel's centre [pixel], and how far along the edge as seen in the image."""


def find_crossings(
    vertices: NDArray[np.float32], edges: NDArray[np.int32], camera: Camera, face_id: NDArray[np.int32]
) -> Crossings:
    """Finds all crossings of a batch of rendered meshes.

    Args:
        vertices: (B, V, 3) in the camera frame [m].
        edges: (E, 4) from `mesh_edges`.
        camera: Without distortion.
        face_id: (B, H, W) from `rasterize`.
    """
    return Crossings(*_find(vertices, edges, camera.fx, camera.fy, camera.cx, camera.cy, NEAR, face_id))


def coverage(face_id: NDArray[np.int32], crossings: Crossings) -> NDArray[np.float32]:
    """Antialiased silhouettes (B, H, W), 0 to 1, of faces (B, H, W) and their crossings."""
    out = (face_id >= 0).astype(np.float32)
    _cover(crossings.pixels, crossings.fraction, out.reshape(-1))
    return out


@numba.njit(cache=True, nogil=True)
def _find(
    vertices: Any, edges: Any, fx: float, fy: float, cx: float, cy: float, near: float, face_id: Any
) -> tuple[Any, Any, Any, Any]:
    batch, height, width = face_id.shape
    count = vertices.shape[1]
    capacity, n = 4 * batch * (height + width), 0
    ends, pixels = np.empty((capacity, 2), np.int32), np.empty((capacity, 2), np.int64)
    direction, fraction = np.empty((capacity, 2), np.int32), np.empty((capacity, 2))
    slot = np.full((2, height, width), -1, np.int64)  # by axis and first pixel: the crossing found there
    px, py = np.empty(count), np.empty(count)
    for b in range(batch):
        begin = n
        v, seen = vertices[b], face_id[b]
        for i in range(count):
            z = float(v[i, 2])
            if z > near:
                px[i], py[i] = fx * v[i, 0] / z + cx, fy * v[i, 1] / z + cy
        for e in range(edges.shape[0]):
            i, j = edges[e, 0], edges[e, 1]
            if not (v[i, 2] > near and v[j, 2] > near) or not _on_silhouette(v, i, j, edges[e, 2], edges[e, 3]):
                continue
            # Steep edges are followed row by row, flat ones column by column; a: along, c: across.
            axis = 0 if abs(py[j] - py[i]) >= abs(px[j] - px[i]) else 1
            if axis == 0:
                a0, a1, c0, c1, length, span = py[i], py[j], px[i], px[j], height, width
            else:
                a0, a1, c0, c1, length, span = px[i], px[j], py[i], py[j], width, height
            low, high = max(min(a0, a1), 0.0), min(max(a0, a1), length - 1.0)
            if not (low <= high and a0 != a1):
                continue
            for a in range(int(np.ceil(low)), int(np.floor(high)) + 1):
                u = (a - a0) / (a1 - a0)
                c = c0 + u * (c1 - c0)
                if not 0.0 <= c <= span - 1.0:
                    continue
                # On a pixel centre both neighbouring pairs are candidates.
                for p in range(max(int(np.ceil(c)) - 1, 0), min(int(np.floor(c)), span - 2) + 1):
                    y, x, dy, dx = (a, p, 0, 1) if axis == 0 else (p, a, 1, 0)
                    inside = seen[y, x] >= 0
                    if inside == (seen[y + dy, x + dx] >= 0):
                        continue
                    t = c - p if inside else p + 1.0 - c
                    m = slot[axis, y, x]
                    if m < 0:
                        if n == capacity:
                            ends, pixels = _grown(ends), _grown(pixels)
                            direction, fraction = _grown(direction), _grown(fraction)
                            capacity *= 2
                        m, n = n, n + 1
                        slot[axis, y, x] = m
                        first = (b * height + y) * width + x
                        second = first + dy * width + dx
                        pixels[m, 0], pixels[m, 1] = (first, second) if inside else (second, first)
                        sign = 1 if inside else -1
                        direction[m, 0], direction[m, 1] = sign * dx, sign * dy
                    elif t <= fraction[m, 0]:
                        continue  # the outermost edge is the silhouette
                    ends[m, 0], ends[m, 1] = i, j
                    fraction[m, 0], fraction[m, 1] = t, u
        for m in range(begin, n):
            first = min(pixels[m, 0], pixels[m, 1]) - b * height * width
            slot[0 if direction[m, 0] != 0 else 1, first // width, first % width] = -1
    return ends[:n], pixels[:n], direction[:n], fraction[:n]


@numba.njit(cache=True, nogil=True)
def _on_silhouette(v: Any, i: int, j: int, first: int, second: int) -> bool:
    """Whether both faces of an edge lie on the same side of the plane through it and the camera."""
    if second < 0:
        return True
    xi, yi, zi = float(v[i, 0]), float(v[i, 1]), float(v[i, 2])
    xj, yj, zj = float(v[j, 0]), float(v[j, 1]), float(v[j, 2])
    nx, ny, nz = yi * zj - zi * yj, zi * xj - xi * zj, xi * yj - yi * xj
    one = nx * (v[first, 0] - xi) + ny * (v[first, 1] - yi) + nz * (v[first, 2] - zi)
    other = nx * (v[second, 0] - xi) + ny * (v[second, 1] - yi) + nz * (v[second, 2] - zi)
    return one * other >= 0.0


@numba.njit(cache=True, nogil=True)
def _grown(array: Any) -> Any:
    out = np.empty((2 * array.shape[0], array.shape[1]), array.dtype)
    out[: array.shape[0]] = array
    return out


@numba.njit(cache=True, nogil=True)
def _cover(pixels: Any, fraction: Any, out: Any) -> None:
    for m in range(pixels.shape[0]):
        t = fraction[m, 0]
        out[pixels[m, 0] if t < 0.5 else pixels[m, 1]] += t - 0.5
    for m in range(pixels.shape[0]):
        for side in range(2):
            out[pixels[m, side]] = min(max(out[pixels[m, side]], 0.0), 1.0)
