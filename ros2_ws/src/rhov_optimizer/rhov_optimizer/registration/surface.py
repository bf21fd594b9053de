"""The part of an object's surface that a camera sees at one pose, rasterised in its bounding box only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.render.rasterizer import rasterize_region
from rhov_optimizer.registration.mesh import CentredMesh

NEAREST = 0.01
"""A pose that brings a vertex nearer than this to the camera [m] cannot be drawn."""


@dataclass(frozen=True)
class SurfaceView:
    """Which face each pixel of a region of the image sees."""

    T: FloatArray
    """(4, 4) pose of the centred mesh."""
    x0: int
    """First column of the region [pixel]."""
    y0: int
    """First row of the region [pixel]."""
    face_id: NDArray[np.int32]
    """(h, w), -1 where the object is not."""
    inverse_depth: NDArray[np.float32]
    """(h, w) [1/m]."""
    mesh: CentredMesh
    camera: Camera

    @classmethod
    def draw(cls, mesh: CentredMesh, camera: Camera, T: FloatArray, margin: int = 4) -> SurfaceView | None:
        """Draws the mesh; None if it is behind the camera or outside the image.

        Args:
            mesh: The object.
            camera: Without distortion.
            T: (4, 4) its pose.
            margin: Free space around the silhouette, where the image has it [pixel].
        """
        vertices = np.empty((1, len(mesh.vertices), 3), np.float32)
        left, right, top, bottom = _place(mesh.vertices, T, camera.fx, camera.fy, camera.cx, camera.cy, vertices[0])
        if not right >= left:
            return None
        x0, x1 = max(math.floor(left) - margin, 0), min(math.ceil(right) + margin + 1, camera.width)
        y0, y1 = max(math.floor(top) - margin, 0), min(math.ceil(bottom) + margin + 1, camera.height)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        face_id, inverse_depth = rasterize_region(vertices, mesh.faces, camera, x0, y0, x1 - x0, y1 - y0)
        return cls(T, x0, y0, face_id[0], inverse_depth[0], mesh, camera)

    @property
    def region(self) -> tuple[slice, slice]:
        """Rows and columns of the region in the image."""
        height, width = self.face_id.shape
        return slice(self.y0, self.y0 + height), slice(self.x0, self.x0 + width)

    @cached_property
    def drawn(self) -> BoolArray:
        """(h, w) where the object is drawn in the region."""
        return self.face_id >= 0

    def silhouette(self) -> BoolArray:
        """(H, W) where the object is drawn, in the whole image; read-only."""
        return self._silhouette

    @cached_property
    def _silhouette(self) -> BoolArray:
        out = np.zeros((self.camera.height, self.camera.width), np.bool_)
        out[self.region] = self.drawn
        out.flags.writeable = False
        return out

    def inside(self, pixels: FloatArray, margin: int) -> BoolArray:
        """(N,) which pixels (N, 2) lie on the object, further than `margin` [pixel] from its silhouette."""
        size = 2 * margin + 1
        core = cv2.erode(
            self.drawn.view(np.uint8),
            np.ones((size, size), np.uint8),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=(0,),
        )
        return lookup(core.astype(np.bool_), pixels - [self.x0, self.y0])

    def unproject(self, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points of the surface seen at pixels, by intersecting their rays with the faces drawn there.

        Args:
            pixels: (N, 2) [pixel].

        Returns:
            Points (N, 3) in the centred mesh's frame [m], and the cosines (N,) of the rays to the faces' normals;
            the cosine is 0 where there is no surface.
        """
        points, cosines = np.zeros((len(pixels), 3)), np.zeros(len(pixels))
        _unproject(
            np.ascontiguousarray(pixels, np.float64),
            self.x0,
            self.y0,
            self.face_id,
            self.mesh.vertices,
            self.mesh.faces,
            self.T,
            self.camera.K,
            points,
            cosines,
        )
        return points, cosines


def lookup(image: BoolArray, pixels: FloatArray) -> BoolArray:
    """(N,) values of a boolean image (H, W) at the nearest of pixels (N, 2); False outside."""
    column, row = np.rint(pixels).astype(np.int64).T
    held = (column >= 0) & (row >= 0) & (column < image.shape[1]) & (row < image.shape[0])
    out = np.zeros(len(pixels), np.bool_)
    out[held] = image[row[held], column[held]]
    return out


@numba.njit(cache=True)
def _place(points, T, fx, fy, cx, cy, out):  # type: ignore[no-untyped-def]
    """Writes points (N, 3) at a pose (4, 4) and returns the bounds of their pixels: left, right, top, bottom.

    The bounds are empty if a point is too near or not finite.
    """
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        px = T[0, 0] * x + T[0, 1] * y + T[0, 2] * z + T[0, 3]
        py = T[1, 0] * x + T[1, 1] * y + T[1, 2] * z + T[1, 3]
        pz = T[2, 0] * x + T[2, 1] * y + T[2, 2] * z + T[2, 3]
        if not (pz >= NEAREST and np.isfinite(px + py + pz)):
            return np.inf, -np.inf, np.inf, -np.inf
        out[n, 0], out[n, 1], out[n, 2] = px, py, pz
        u, v = px / pz * fx + cx, py / pz * fy + cy
        left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
    return left, right, top, bottom


@numba.njit(cache=True)
def _unproject(pixels, x0, y0, face_id, vertices, faces, T, K, points, cosines):  # type: ignore[no-untyped-def]
    height, width = face_id.shape
    corners = np.empty((3, 3))
    for n in range(pixels.shape[0]):
        column, row = int(np.rint(pixels[n, 0])) - x0, int(np.rint(pixels[n, 1])) - y0
        if column < 0 or row < 0 or column >= width or row >= height or face_id[row, column] < 0:
            continue
        for c in range(3):
            v = faces[face_id[row, column], c]
            for i in range(3):
                corners[c, i] = T[i, 0] * vertices[v, 0] + T[i, 1] * vertices[v, 1] + T[i, 2] * vertices[v, 2] + T[i, 3]
        edge1, edge2 = corners[1] - corners[0], corners[2] - corners[0]
        nx = edge1[1] * edge2[2] - edge1[2] * edge2[1]
        ny = edge1[2] * edge2[0] - edge1[0] * edge2[2]
        nz = edge1[0] * edge2[1] - edge1[1] * edge2[0]
        rx, ry = (pixels[n, 0] - K[0, 2]) / K[0, 0], (pixels[n, 1] - K[1, 2]) / K[1, 1]
        along = nx * rx + ny * ry + nz
        norms = np.sqrt((nx * nx + ny * ny + nz * nz) * (rx * rx + ry * ry + 1.0))
        if abs(along) < 1e-3 * norms:
            continue
        z = (nx * corners[0, 0] + ny * corners[0, 1] + nz * corners[0, 2]) / along
        px, py, pz = rx * z - T[0, 3], ry * z - T[1, 3], z - T[2, 3]
        for i in range(3):
            points[n, i] = T[0, i] * px + T[1, i] * py + T[2, i] * pz
        cosines[n] = abs(along) / norms
