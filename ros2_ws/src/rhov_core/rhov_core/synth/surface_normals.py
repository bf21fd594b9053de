"""Normals of meshes that are smooth in some places and have edges in others."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from rhov_core.arrays import FloatArray


def normal_groups(vertices: FloatArray, faces: NDArray[np.int32], crease: float) -> NDArray[np.int32]:
    """Which corners of faces share a normal: those at one vertex whose faces meet at edges blunter than a crease.

    Args:
        vertices: (V, 3) at rest [m].
        faces: (F, 3).
        crease: Largest angle between the normals of neighbours that look smooth [rad].

    Returns:
        (F, 3) the group of each corner, numbered from 0.
    """
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    count = len(faces)
    start, end = faces.T.ravel(), np.roll(faces, -1, axis=1).T.ravel()  # edge i of face f is entry i * count + f
    key = np.minimum(start, end).astype(np.int64) * len(vertices) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    pair = np.flatnonzero(key[order][1:] == key[order][:-1])
    first, second = order[pair], order[pair + 1]
    f, g = first % count, second % count
    smooth = (normals[f] * normals[g]).sum(1) > np.cos(crease)
    first, second, f, g = first[smooth], second[smooth], f[smooth], g[smooth]
    links = []
    for vertex in (start[first], end[first]):
        corners = [3 * face + (faces[face] == vertex[:, None]).argmax(1) for face in (f, g)]
        links.append(np.stack(corners))
    i, j = np.concatenate(links, axis=1)
    graph = coo_matrix((np.ones(len(i)), (i, j)), shape=(3 * count, 3 * count))
    return connected_components(graph, directed=False)[1].reshape(-1, 3).astype(np.int32)


@numba.njit(cache=True)
def group_normals(vertices: Any, faces: Any, groups: Any, count: int) -> Any:
    """Unit normals (count, 3) of the groups of corners, weighted by the areas of their faces."""
    normals = np.zeros((count, 3))
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        vx, vy, vz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in range(3):
            g = groups[f, corner]
            normals[g, 0] += nx
            normals[g, 1] += ny
            normals[g, 2] += nz
    for g in range(count):
        length = np.sqrt(normals[g, 0] ** 2 + normals[g, 1] ** 2 + normals[g, 2] ** 2) + 1e-20
        for d in range(3):
            normals[g, d] /= length
    return normals
