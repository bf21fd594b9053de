"""Which face each pixel sees: a scan-line rasteriser with a z-buffer on the inverse depth."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rhov_core.camera import Camera
from rhov_core.errors import InputError

NEAR = 1e-3
"""Surfaces nearer than this to the camera [m] are cut off."""
_SLIVER = 1e-12
"""Triangles of less than this area in the image [pixel^2] are not drawn."""
_WIDE = 24
"""Rows of a triangle with at least this many pixels are drawn several pixels at a time."""


def rasterize(vertices: ArrayLike, faces: ArrayLike, camera: Camera) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Finds the nearest face at the centre of every pixel.

    Args:
        vertices: (B, V, 3) in the camera frame [m], one mesh per image.
        faces: (F, 3) indices of vertices; the winding does not matter.
        camera: Without distortion. For a region of the image pass `camera.cropped(...)`.

    Returns:
        The face (B, H, W), -1 where there is none, and the inverse depth (B, H, W) [1/m], 0 where there is none.

    Raises:
        InputError: If shapes or indices do not fit, or the camera is distorted.
    """
    v = np.ascontiguousarray(vertices, np.float32)
    f = checked_faces(faces, v.shape)
    require_pinhole(camera)
    return rasterize_trusted(v, f, camera)


def rasterize_trusted(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], camera: Camera
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """`rasterize` for contiguous arrays that were checked before."""
    return rasterize_region(vertices, faces, camera, 0, 0, camera.width, camera.height)


def rasterize_region(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], camera: Camera, x0: int, y0: int, width: int, height: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """`rasterize_trusted` of the part of the image that starts at (x0, y0) and has the given size [pixel]."""
    shape = (len(vertices), height, width)
    face_id, inverse_depth = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    _draw(vertices, faces, camera.fx, camera.fy, camera.cx - x0, camera.cy - y0, NEAR, face_id, inverse_depth)
    return face_id, inverse_depth


def require_pinhole(camera: Camera) -> None:
    """Refuses a camera with lens distortion.

    Raises:
        InputError: If the camera is distorted.
    """
    if camera.is_distorted:
        raise InputError(
            "the camera to render with has lens distortion",
            "a pinhole camera",
            "rectify the images and render with camera.rectified()",
        )


def checked_faces(faces: ArrayLike, vertices_shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Faces (F, 3) as contiguous 32-bit integers that index into vertices of the given shape (B, V, 3).

    Raises:
        InputError: If a shape differs or an index is out of range.
    """
    if len(vertices_shape) != 3 or vertices_shape[2] != 3:
        raise InputError(f"the vertices have the shape {vertices_shape}", "(B, V, 3)", "add a batch dimension")
    f = np.ascontiguousarray(faces, np.int32)
    if f.ndim != 2 or f.shape[1] != 3:
        raise InputError(f"the faces have the shape {f.shape}", "(F, 3)", "triangulate the mesh")
    if f.size and (f.min() < 0 or f.max() >= vertices_shape[1]):
        raise InputError(
            f"a face refers to vertex {f.min() if f.min() < 0 else f.max()}",
            f"0 to {vertices_shape[1] - 1}",
            "give the vertices and faces of the same mesh",
        )
    return f


@numba.njit(cache=True, nogil=True)
def _draw(
    vertices: Any,
    faces: Any,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    near: float,
    face_id: Any,
    inverse_depth: Any,
) -> None:
    count = vertices.shape[1]
    px, py, iz = np.empty(count), np.empty(count), np.empty(count)
    columns = np.arange(face_id.shape[2]) * 1.0
    for b in range(vertices.shape[0]):
        ids, depths = face_id[b], inverse_depth[b]
        for i in range(count):
            x, y, z = float(vertices[b, i, 0]), float(vertices[b, i, 1]), float(vertices[b, i, 2])
            if not math.isfinite(x + y + z):
                iz[i] = -1.0  # a face with such a corner is not drawn
            elif z > near:
                iz[i] = 1.0 / z
                px[i], py[i] = fx * x * iz[i] + cx, fy * y * iz[i] + cy
            else:
                iz[i] = 0.0
        for k in range(faces.shape[0]):
            h, i, j = faces[k, 0], faces[k, 1], faces[k, 2]
            smallest = min(iz[h], iz[i], iz[j])
            if smallest > 0.0:
                _fill(px[h], py[h], iz[h], px[i], py[i], iz[i], px[j], py[j], iz[j], k, ids, depths, columns)
            elif smallest == 0.0 and max(iz[h], iz[i], iz[j]) > 0.0:
                _fill_clipped(vertices[b], faces[k], fx, fy, cx, cy, near, k, ids, depths, columns)


@numba.njit(cache=True, nogil=True)
def _fill_clipped(
    vertices: Any,
    face: Any,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    near: float,
    k: int,
    face_id: Any,
    inverse_depth: Any,
    columns: Any,
) -> None:
    """Draws the part of a face that lies in front of the near plane: a triangle or a quadrangle."""
    x, y, w = np.empty(4), np.empty(4), np.empty(4)
    n = 0
    for e in range(3):
        a, c = face[e], face[(e + 1) % 3]
        za, zc = float(vertices[a, 2]), float(vertices[c, 2])
        if za > near:
            w[n] = 1.0 / za
            x[n], y[n] = fx * vertices[a, 0] * w[n] + cx, fy * vertices[a, 1] * w[n] + cy
            n += 1
        if (za > near) != (zc > near):
            s = (near - za) / (zc - za)
            w[n] = 1.0 / near
            x[n] = fx * (vertices[a, 0] + s * (vertices[c, 0] - vertices[a, 0])) * w[n] + cx
            y[n] = fy * (vertices[a, 1] + s * (vertices[c, 1] - vertices[a, 1])) * w[n] + cy
            n += 1
    for m in range(1, n - 1):
        _fill(x[0], y[0], w[0], x[m], y[m], w[m], x[m + 1], y[m + 1], w[m + 1], k, face_id, inverse_depth, columns)


@numba.njit(cache=True, nogil=True)
def _fill(
    x0: float,
    y0: float,
    w0: float,
    x1: float,
    y1: float,
    w1: float,
    x2: float,
    y2: float,
    w2: float,
    k: int,
    face_id: Any,
    inverse_depth: Any,
    columns: Any,
) -> None:
    """Draws one triangle, given its corners' pixel coordinates and inverse depths, and the columns (W,) as numbers."""
    # From top to bottom, so that the two faces at an edge compute the same crossings and leave no crack.
    if y1 < y0:
        x0, y0, w0, x1, y1, w1 = x1, y1, w1, x0, y0, w0
    if y2 < y1:
        x1, y1, w1, x2, y2, w2 = x2, y2, w2, x1, y1, w1
        if y1 < y0:
            x0, y0, w0, x1, y1, w1 = x1, y1, w1, x0, y0, w0
    height, width = face_id.shape
    top, bottom = math.ceil(max(y0, 0.0)), math.floor(min(y2, height - 1.0))
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if top > bottom or max(x0, x1, x2) < 0.0 or min(x0, x1, x2) > width - 1.0 or abs(area) < _SLIVER:
        return
    # The inverse depth is linear in the image; the clamp keeps slivers from overshooting.
    gx = ((w1 - w0) * (y2 - y0) - (w2 - w0) * (y1 - y0)) / area
    gy = ((w2 - w0) * (x1 - x0) - (w1 - w0) * (x2 - x0)) / area
    farthest, nearest = min(w0, w1, w2), max(w0, w1, w2)
    long = (x2 - x0) / (y2 - y0)
    upper = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
    lower = (x2 - x1) / (y2 - y1) if y2 > y1 else 0.0
    for y in range(top, bottom + 1):
        left = x0 + (y - y0) * long
        right = x0 + (y - y0) * upper if y < y1 else x1 + (y - y1) * lower
        if right < left:
            left, right = right, left
        row = w0 + gy * (y - y0) - gx * x0
        begin, end = math.ceil(max(left, 0.0)), math.floor(min(right, width - 1.0)) + 1
        if end - begin >= _WIDE:
            part = columns[begin:end], face_id[y, begin:end], inverse_depth[y, begin:end]
            _fill_row(*part, row, gx, farthest, nearest, np.int32(k))
            continue
        for x in range(begin, end):
            w = np.float32(min(max(row + gx * x, farthest), nearest))
            if w > inverse_depth[y, x]:
                inverse_depth[y, x] = w
                face_id[y, x] = k


@numba.njit(cache=True, nogil=True)
def _fill_row(
    columns: Any, face_id: Any, inverse_depth: Any, row: float, gx: float, farthest: float, nearest: float, k: Any
) -> None:
    """Draws a part of a row without branches, for the compiler to use vector instructions."""
    for i in range(columns.shape[0]):
        w, before = np.float32(min(max(row + gx * columns[i], farthest), nearest)), inverse_depth[i]
        nearer = w > before
        inverse_depth[i] = w if nearer else before
        face_id[i] = k if nearer else face_id[i]
