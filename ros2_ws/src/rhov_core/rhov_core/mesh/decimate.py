"""Decimation of closed meshes by collapsing edges in the order of their quadric error.

Garland and Heckbert, "Surface simplification using quadric error metrics", 1997. An edge is collapsed only if the
surface stays a closed manifold around it and no face turns over, so that a closed mesh stays closed, whatever its
triangles look like.
"""

from __future__ import annotations

import heapq
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray

_LEAST_COSINE = 0.5
"""A collapse may turn a face by up to this."""
_CENTRING = 1e-4
"""Pull towards the middle of the edge, as a fraction of the quadric: decides where the surface is flat or straight."""
_SHORT_FIRST = 1e-6
"""Weight of the edge's length in its cost: decides the order where nothing else does."""


def decimated(vertices: FloatArray, faces: NDArray[np.int32], target: int) -> tuple[FloatArray, NDArray[np.int32]]:
    """A mesh with at most `target` faces, or as few as can be reached.

    Args:
        vertices: (V, 3) [m].
        faces: (F, 3), a closed surface.
        target: Number of faces.
    """
    # Error measured in units of the mesh, so that the order of collapses does not depend on its size.
    centre, scale = vertices.mean(0), float(np.linalg.norm(np.ptp(vertices, axis=0)))
    v, f = (vertices - centre) / scale, np.array(faces, np.int64)
    count = len(f)
    quadrics = _quadrics(v, f)
    while count > target:
        left = _collapse_pass(v, f, quadrics, count, max(target, 4))
        if left == count:
            break
        count = left
    f = f[f[:, 0] >= 0]
    used, compact = np.unique(f, return_inverse=True)
    return v[used] * scale + centre, compact.reshape(-1, 3).astype(np.int32)


@numba.njit(cache=True, nogil=True)
def _quadrics(v: Any, f: Any) -> Any:
    """Of each vertex, the sum of area * (n . x + d)^2 over its faces: A (6 numbers), b (3), c (1)."""
    out = np.zeros((v.shape[0], 10))
    for k in range(f.shape[0]):
        n = np.cross(v[f[k, 1]] - v[f[k, 0]], v[f[k, 2]] - v[f[k, 0]])
        area = np.sqrt((n * n).sum())
        if area == 0.0:
            continue
        n = n / area
        d = -(n * v[f[k, 0]]).sum()
        for c in range(3):
            q = out[f[k, c]]
            q[0] += area * n[0] * n[0]
            q[1] += area * n[0] * n[1]
            q[2] += area * n[0] * n[2]
            q[3] += area * n[1] * n[1]
            q[4] += area * n[1] * n[2]
            q[5] += area * n[2] * n[2]
            for i in range(3):
                q[6 + i] += area * n[i] * d
            q[9] += area * d * d
    return out


@numba.njit(cache=True, nogil=True)
def _placement(v: Any, quadrics: Any, i: int, j: int) -> tuple[float, Any]:
    """Cost of collapsing an edge, and the best place of the vertex that remains."""
    q = quadrics[i] + quadrics[j]
    middle = 0.5 * (v[i] + v[j])
    e = _CENTRING * (q[0] + q[3] + q[5]) + 1e-30
    a, b, c, d, g, h = q[0] + e, q[1], q[2], q[3] + e, q[4], q[5] + e
    rx, ry, rz = e * middle[0] - q[6], e * middle[1] - q[7], e * middle[2] - q[8]
    m00, m01, m02 = d * h - g * g, c * g - b * h, b * g - c * d
    det = a * m00 + b * m01 + c * m02
    x = np.empty(3)
    x[0] = (m00 * rx + m01 * ry + m02 * rz) / det
    x[1] = (m01 * rx + (a * h - c * c) * ry + (b * c - a * g) * rz) / det
    x[2] = (m02 * rx + (b * c - a * g) * ry + (a * d - b * b) * rz) / det
    length = ((v[i] - v[j]) ** 2).sum()
    if not ((x - middle) ** 2).sum() <= length:
        x = middle
    error = q[0] * x[0] * x[0] + q[3] * x[1] * x[1] + q[5] * x[2] * x[2] + q[9]
    error += 2.0 * (q[1] * x[0] * x[1] + q[2] * x[0] * x[2] + q[4] * x[1] * x[2])
    error += 2.0 * (q[6] * x[0] + q[7] * x[1] + q[8] * x[2])
    return max(error, 0.0) + _SHORT_FIRST * length * length, x


@numba.njit(cache=True, nogil=True)
def _collapse_pass(v: Any, f: Any, quadrics: Any, count: int, target: int) -> int:
    """Collapses edges until `target` faces are left or none may be collapsed; dead faces become -1."""
    corners = f.size
    # The corners of each vertex form a linked list, so that two vertices are joined by joining their lists.
    first, last, following = np.full(len(v), -1), np.full(len(v), -1), np.full(corners, -1)
    for k in range(corners):
        i = f[k // 3, k % 3]
        if i >= 0:
            if first[i] < 0:
                first[i] = k
            else:
                following[last[i]] = k
            last[i] = k
    version, mark = np.zeros(len(v), np.int64), np.full(len(v), -1)
    queue = [(0.0, 0, 0, 0, 0)]
    queue.pop()
    for k in range(len(f)):
        for c in range(3):
            i, j = f[k, c], f[k, (c + 1) % 3]
            if 0 <= i < j:
                queue.append((_placement(v, quadrics, i, j)[0], i, j, 0, 0))
    heapq.heapify(queue)
    stamp = 0
    while queue and count > target:
        _, i, j, version_i, version_j = heapq.heappop(queue)
        if version[i] != version_i or version[j] != version_j:
            continue
        x = _placement(v, quadrics, i, j)[1]
        stamp += 2
        if not _stays_manifold(f, first, following, mark, stamp, i, j):
            continue
        if not (_keeps_faces_up(v, f, first, following, i, j, x) and _keeps_faces_up(v, f, first, following, j, i, x)):
            continue
        k = first[j]
        while k >= 0:
            if f[k // 3, 0] >= 0:
                if f[k // 3, 0] == i or f[k // 3, 1] == i or f[k // 3, 2] == i:
                    f[k // 3] = -1
                    count -= 1
                else:
                    f[k // 3, k % 3] = i
            k = following[k]
        following[last[i]] = first[j]
        last[i], first[j] = last[j], -1
        v[i] = x
        quadrics[i] += quadrics[j]
        version[i] += 1
        version[j] += 1
        k = first[i]
        while k >= 0:
            if f[k // 3, 0] >= 0:
                for step in range(1, 3):
                    other = f[k // 3, (k % 3 + step) % 3]
                    if mark[other] != stamp + 1:
                        mark[other] = stamp + 1
                        a, b = min(i, other), max(i, other)
                        cost = _placement(v, quadrics, a, b)[0]
                        heapq.heappush(queue, (cost, a, b, version[a], version[b]))
            k = following[k]
    return count


@numba.njit(cache=True, nogil=True)
def _stays_manifold(f: Any, first: Any, following: Any, mark: Any, stamp: int, i: int, j: int) -> bool:
    """The link condition: an edge with two faces, whose ends have just two neighbours in common."""
    shared, common = 0, 0
    k = first[i]
    while k >= 0:
        if f[k // 3, 0] >= 0:
            for step in range(1, 3):
                other = f[k // 3, (k % 3 + step) % 3]
                mark[other] = stamp
                shared += other == j
        k = following[k]
    k = first[j]
    while k >= 0:
        if f[k // 3, 0] >= 0:
            for step in range(1, 3):
                other = f[k // 3, (k % 3 + step) % 3]
                if mark[other] == stamp:
                    mark[other] = -1
                    common += 1
        k = following[k]
    return shared == 2 and common == 2


@numba.njit(cache=True, nogil=True)
def _keeps_faces_up(v: Any, f: Any, first: Any, following: Any, moved: int, gone: int, x: Any) -> bool:
    """Whether no face at vertex `moved`, but those that vanish, turns over when the vertex goes to x."""
    k = first[moved]
    while k >= 0:
        a, b = f[k // 3, (k % 3 + 1) % 3], f[k // 3, (k % 3 + 2) % 3]
        if f[k // 3, 0] >= 0 and gone not in (a, b):
            before, after = np.cross(v[a] - v[moved], v[b] - v[moved]), np.cross(v[a] - x, v[b] - x)
            lengths = np.sqrt((before * before).sum() * (after * after).sum())
            longest = max(((v[a] - x) ** 2).sum(), ((v[b] - x) ** 2).sum())
            if (before * after).sum() < _LEAST_COSINE * lengths or (after * after).sum() < 1e-12 * longest * longest:
                return False
        k = following[k]
    return True
