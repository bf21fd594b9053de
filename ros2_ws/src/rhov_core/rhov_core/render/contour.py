"""Points of a mesh on its silhouette, exact within a pixel."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.render.edges import mesh_edges
from rhov_core.render.rasterizer import checked_faces, rasterize_trusted, require_pinhole
from rhov_core.render.silhouette import coverage, find_crossings

_SMOOTHING = 1.5
"""Normals are those of the silhouette smoothed by this much [pixel], so that single facets do not show."""


class SilhouetteContour(NamedTuple):
    """Where the silhouette crosses between pixel centres; about one point per pixel of its length."""

    points: FloatArray
    """(N, 3) on the mesh, camera frame [m]."""
    pixels: FloatArray
    """(N, 2) their projections [pixel]."""
    normals: FloatArray
    """(N, 2) unit vectors in the image that point away from the object."""


def silhouette_contour(
    vertices: FloatArray,
    faces: NDArray[np.int32],
    camera: Camera,
    *,
    face_id: NDArray[np.int32] | None = None,
    count: int | None = None,
) -> SilhouetteContour:
    """Finds the silhouette of a mesh, around holes as well, except where the edge of the image cuts it off.

    Args:
        vertices: (V, 3) camera frame [m].
        faces: (F, 3)
        camera: Without distortion. For a region of the image pass `camera.cropped(...)`; pixels refer to it.
        face_id: (H, W) what `rasterize` gives for these vertices, if it is at hand.
        count: About how many points, evenly from all crossings; None: all.

    Raises:
        InputError: If shapes or indices do not fit, or the camera is distorted.
    """
    v = np.ascontiguousarray(vertices, np.float32)[None]
    f = checked_faces(faces, v.shape)
    require_pinhole(camera)
    seen = rasterize_trusted(v, f, camera)[0] if face_id is None else np.ascontiguousarray(face_id, np.int32)[None]
    crossings = find_crossings(v, mesh_edges(f), camera, seen)
    silhouette = coverage(seen, crossings)[0]
    step = 1 if count is None else max(1, len(crossings.ends) // count)
    ends, across, along = crossings.ends[::step], crossings.fraction[::step, :1], crossings.fraction[::step, 1:]
    row, column = np.divmod(crossings.pixels[::step, 0], camera.width)
    pixels = np.stack([column, row], 1) + across * crossings.direction[::step]
    # Interpolation along the edge is linear in the image, so in space it is weighted by the inverse depth.
    start, end = v[0, ends[:, 0]].astype(np.float64), v[0, ends[:, 1]].astype(np.float64)
    weight_start, weight_end = (1 - along) / start[:, 2:], along / end[:, 2:]
    points = (weight_start * start + weight_end * end) / (weight_start + weight_end)
    return SilhouetteContour(points, pixels, _outward(silhouette, pixels))


def _outward(silhouette: NDArray[np.float32], pixels: FloatArray) -> FloatArray:
    """Unit vectors (N, 2) down the smoothed silhouette (H, W) at pixels (N, 2)."""
    if not len(pixels):
        return np.zeros((0, 2))
    smooth = cv2.GaussianBlur(silhouette, (9, 9), _SMOOTHING, borderType=cv2.BORDER_REPLICATE)
    x, y = pixels.astype(np.float32).T[..., None]

    def at(dx: float, dy: float) -> NDArray[Any]:
        return cv2.remap(smooth, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]

    down = np.stack([at(-1, 0) - at(1, 0), at(0, -1) - at(0, 1)], 1).astype(np.float64)
    return down / np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
