"""The surface of a mesh: merging of vertices, closedness, orientation, size, volume."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError

Mesh = tuple[FloatArray, NDArray[np.int32]]
LARGEST, SMALLEST = 3.0, 1e-3
"""Accepted largest side of the bounding box [m]."""
_FLAT = 1e-5
"""A mesh is flat if its smallest side, or its volume over its sides' product, is below this fraction."""
_UNITS = {"millimetres": 1e-3, "centimetres": 1e-2, "inches": 0.0254}


def merged(vertices: FloatArray, faces: NDArray[np.int32], tolerance: float = 0.0) -> Mesh:
    """Merges vertices at the same place, drops faces that collapse and vertices without a face.

    Args:
        vertices: (V, 3).
        faces: (F, 3).
        tolerance: How far apart vertices at the same place may be, in the unit of the vertices.
    """
    if tolerance > 0.0:
        pairs = cKDTree(vertices).query_pairs(tolerance, output_type="ndarray")
        links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(vertices),) * 2)
        inverse = connected_components(links, directed=False)[1]
        places = vertices[np.unique(inverse, return_index=True)[1]]
    else:
        _, first, inverse = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)  # keep the order of the file
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        places, inverse = vertices[first[order]], rank[inverse.reshape(-1)]
    f = inverse[faces]
    f = f[(f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 2] != f[:, 0])]
    used, compact = np.unique(f, return_inverse=True)
    return places[used], compact.reshape(-1, 3).astype(np.int32)


def open_edges(faces: NDArray[np.int32]) -> int:
    """Number of edges that are not passed equally often in both directions: none if the surface is closed."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    count = int(directed.max(initial=0)) + 1
    key = directed.min(1) * count + directed.max(1)
    _, edge = np.unique(key, return_inverse=True)
    balance = np.bincount(edge.reshape(-1), weights=np.where(directed[:, 0] < directed[:, 1], 1.0, -1.0))
    return int((balance != 0).sum())


def is_closed(faces: NDArray[np.int32]) -> bool:
    """Whether faces (F, 3) form a closed and consistently wound surface."""
    return len(faces) > 0 and open_edges(faces) == 0


def volume_and_centre(vertices: FloatArray, faces: NDArray[np.int32]) -> tuple[float, FloatArray]:
    """Volume [m^3] that a closed surface encloses, negative if wound inwards, and its centre of mass (3,) [m]."""
    middle = vertices.mean(0)
    a, b, c = np.moveaxis(vertices[faces] - middle, 1, 0)
    parts = np.einsum("fi,fi->f", a, np.cross(b, c)) / 6
    volume = float(parts.sum())
    if abs(volume) < 1e-30:
        return volume, middle
    return volume, middle + (parts[:, None] * (a + b + c) / 4).sum(0) / volume


def oriented(vertices: FloatArray, faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Faces (F, 3) wound consistently and, if the surface is closed, outwards."""
    if open_edges(faces):
        mesh = trimesh.Trimesh(vertices, faces, process=False)
        trimesh.repair.fix_winding(mesh)
        faces = np.array(mesh.faces, np.int32)
    if is_closed(faces) and volume_and_centre(vertices, faces)[0] < 0:
        faces = np.ascontiguousarray(faces[:, ::-1])
    return faces


def surface_centroid(vertices: FloatArray, faces: NDArray[np.int32]) -> FloatArray:
    """The centroid (3,) of the surface [m], which every symmetry of it keeps in place."""
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return ((a + b + c) / 3 * areas[:, None]).sum(0) / areas.sum()


def check_size(vertices: FloatArray, what: str) -> None:
    """Refuses a mesh that is flat or whose size is not plausible for an object in metres.

    Args:
        vertices: (V, 3) [m].
        what: How to name the mesh in the message.

    Raises:
        InputError: Saying what unit it looks like.
    """
    sides = np.ptp(vertices, axis=0)
    size = float(sides.max())
    accepted = f"a mesh in metres whose largest side is {SMALLEST:g} to {LARGEST:g} m"
    if size > LARGEST:
        unit, scale = next(((u, s) for u, s in _UNITS.items() if 0.02 <= size * s <= 1.0), ("millimetres", 1e-3))
        raise InputError(
            f"the largest side of {what} is {size:g} m, which looks like {unit}",
            accepted,
            f"scale it by {scale:g} or write 'scale: {scale:g}' into a YAML file of the same name beside it",
        )
    if size < SMALLEST:
        raise InputError(
            f"the largest side of {what} is {size:g} m, which looks like a metric mesh scaled down once too often",
            accepted,
            "scale it by 1000 or write 'scale: 1000' into a YAML file of the same name beside it",
        )
    if sides.min() < _FLAT * size:
        raise InputError(f"{what} is flat", "a mesh that encloses a volume", "give the object its thickness")


def check_volume(vertices: FloatArray, faces: NDArray[np.int32], what: str) -> None:
    """Refuses a closed surface that encloses nothing.

    Raises:
        InputError: If the volume is a vanishing part of the bounding box.
    """
    if abs(volume_and_centre(vertices, faces)[0]) < _FLAT * float(np.prod(np.ptp(vertices, axis=0))):
        raise InputError(f"{what} encloses no volume", "a mesh that encloses a volume", "give the object its thickness")
