"""Signed distances to a mesh at the nodes of a grid.

Near the surface each triangle writes its distance to the nodes around it. Further away a node takes the nearest
triangle of its neighbours, swept through the grid in all directions: as good as exact, without a search tree. The
sign is that of the winding number, computed once in each part of the grid that the surface does not cross.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.sdf.triangle import squared_distance, winding_number

_BAND = 1.5
"""Half width of the band around each triangle that is filled directly [cells]."""


def signed_distances(
    vertices: FloatArray, faces: NDArray[np.int32], origin: FloatArray, spacing: float, shape: tuple[int, int, int]
) -> NDArray[np.float32]:
    """Signed distances (X, Y, Z) [m] at the nodes `origin + spacing * index`, negative inside.

    Args:
        vertices: (V, 3) [m].
        faces: (F, 3), wound outwards.
        origin: (3,) position of the first node [m].
        spacing: Distance between nodes [m].
        shape: Numbers of nodes along x, y and z.
    """
    squared, owner = np.full(shape, np.inf), np.full(shape, -1, np.int32)
    _splat(vertices, faces, origin, spacing, squared, owner)
    _sweep(vertices, faces, origin, spacing, squared, owner)
    distance = np.sqrt(squared)
    _negate_inside(vertices, faces, origin, spacing, distance)
    return distance.astype(np.float32)


@numba.njit(cache=True, nogil=True)
def _splat(vertices: Any, faces: Any, origin: Any, spacing: float, squared: Any, owner: Any) -> None:
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for k in range(faces.shape[0]):
        a, b, c = vertices[faces[k, 0]], vertices[faces[k, 1]], vertices[faces[k, 2]]
        for d in range(3):
            first, last = min(a[d], b[d], c[d]), max(a[d], b[d], c[d])
            low[d] = max(0, math.ceil((first - origin[d]) / spacing - _BAND))
            high[d] = min(squared.shape[d] - 1, math.floor((last - origin[d]) / spacing + _BAND))
        for x in range(low[0], high[0] + 1):
            for y in range(low[1], high[1] + 1):
                for z in range(low[2], high[2] + 1):
                    d2 = squared_distance(
                        origin[0] + spacing * x, origin[1] + spacing * y, origin[2] + spacing * z, a, b, c
                    )
                    if d2 < squared[x, y, z]:
                        squared[x, y, z], owner[x, y, z] = d2, k


@numba.njit(cache=True, nogil=True)
def _sweep(vertices: Any, faces: Any, origin: Any, spacing: float, squared: Any, owner: Any) -> None:
    nx, ny, nz = squared.shape
    for sweep in range(16):
        sx, sy, sz = 1 - 2 * (sweep & 1), 1 - (sweep & 2), 1 - (sweep & 4) // 2
        for i in range(nx):
            x = i if sx > 0 else nx - 1 - i
            for j in range(ny):
                y = j if sy > 0 else ny - 1 - j
                for n in range(nz):
                    z = n if sz > 0 else nz - 1 - n
                    for neighbour in range(1, 8):
                        u, v, w = x - sx * (neighbour & 1), y - sy * (neighbour // 2 & 1), z - sz * (neighbour // 4)
                        if u < 0 or v < 0 or w < 0 or u >= nx or v >= ny or w >= nz:
                            continue
                        k = owner[u, v, w]
                        if k < 0 or k == owner[x, y, z]:
                            continue
                        d2 = squared_distance(
                            origin[0] + spacing * x,
                            origin[1] + spacing * y,
                            origin[2] + spacing * z,
                            vertices[faces[k, 0]],
                            vertices[faces[k, 1]],
                            vertices[faces[k, 2]],
                        )
                        if d2 < squared[x, y, z]:
                            squared[x, y, z], owner[x, y, z] = d2, k


@numba.njit(cache=True, nogil=True)
def _negate_inside(vertices: Any, faces: Any, origin: Any, spacing: float, distance: Any) -> None:
    nx, ny, nz = distance.shape
    flat = distance.reshape(-1)
    magnitude = flat.copy()
    reached = np.zeros(flat.size, np.bool_)
    stack, part = np.empty(flat.size, np.int64), np.empty(flat.size, np.int64)
    for seed in range(flat.size):
        if reached[seed]:
            continue
        # One part: nodes between which the two free balls around neighbours overlap, so no surface is in between.
        reached[seed] = True
        stack[0] = seed
        height, members, deepest = 1, 0, seed
        while height > 0:
            height -= 1
            node = stack[height]
            part[members] = node
            members += 1
            if magnitude[node] > magnitude[deepest]:
                deepest = node
            x, y, z = node // (ny * nz), node // nz % ny, node % nz
            for side in range(6):
                step = 1 if side % 2 == 0 else -1
                u, v, w = x, y, z
                if side < 2:
                    u += step
                elif side < 4:
                    v += step
                else:
                    w += step
                if u < 0 or v < 0 or w < 0 or u >= nx or v >= ny or w >= nz:
                    continue
                other = (u * ny + v) * nz + w
                if not reached[other] and magnitude[node] + magnitude[other] > spacing * 1.000001:
                    reached[other] = True
                    stack[height] = other
                    height += 1
        x, y, z = deepest // (ny * nz), deepest // nz % ny, deepest % nz
        inside = (
            winding_number(origin[0] + spacing * x, origin[1] + spacing * y, origin[2] + spacing * z, vertices, faces)
            > 0.5
        )
        if inside:
            for m in range(members):
                flat[part[m]] = -magnitude[part[m]]
