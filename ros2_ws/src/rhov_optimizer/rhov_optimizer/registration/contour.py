"""Contour residuals: the object's silhouette against the border of its mask, both ways."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numba
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_optimizer.registration.border_distance import BorderDistance, signed_distance
from rhov_optimizer.registration.jacobian import add_row, scale_of, tukey
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.outline import trace
from rhov_optimizer.registration.points import TUKEY
from rhov_optimizer.registration.surface import SurfaceView

TURNED = 0.005
"""The model's contour is drawn again when the object has turned this far [rad]. Until then its points lie off it by
about half the square of this times the surface's radius of curvature."""
SAME_DIRECTION = 0.3
"""Least cosine between an observed normal and that of the model contour point it is paired with."""


def model_contour(view: SurfaceView, count: int) -> tuple[FloatArray, FloatArray]:
    """Points of the surface on the silhouette of a view.

    Args:
        view: The object at the current pose.
        count: About how many.

    Returns:
        Points (N, 3) in the centred mesh's frame [m] and outward normals (N, 2) in the image.
    """
    pixels, normals = trace(view.drawn.view(np.uint8), view.x0, view.y0, view.camera, count)
    points = np.empty((len(pixels), 3))
    _on_surface(pixels, normals, view.x0, view.y0, view.inverse_depth, view.camera.K, view.T, points)
    return points, normals


@numba.njit(cache=True)
def _on_surface(pixels, normals, x0, y0, inverse_depth, K, T, points):  # type: ignore[no-untyped-def]
    for n in range(pixels.shape[0]):
        column, row = pixels[n, 0], pixels[n, 1]
        z = 1.0 / inverse_depth[row, column]
        # The last covered pixel has its centre inside; the border runs on average half a pixel further out.
        x = (column + x0 + 0.5 * normals[n, 0] - K[0, 2]) / K[0, 0] * z - T[0, 3]
        y = (row + y0 + 0.5 * normals[n, 1] - K[1, 2]) / K[1, 1] * z - T[1, 3]
        for i in range(3):
            points[n, i] = T[0, i] * x + T[1, i] * y + T[2, i] * (z - T[2, 3])


@dataclass(frozen=True)
class ObservedContour:
    """The border of a mask, as a signed distance and as points, in a region of the image."""

    x0: int
    y0: int
    distance: BorderDistance
    """(h, w) signed distance to the border, positive outside [pixel]."""
    trusted: BoolArray
    """(h, w) False where the object may end without a border, under the hand or next to it. It ends nowhere in the
    mask, also not next to the hand."""
    points: FloatArray
    """(M, 2) border points that are trusted [pixel]."""
    normals: FloatArray
    """(M, 2) their outward normals."""

    @classmethod
    def from_mask(
        cls, mask: BoolArray, excluded: BoolArray | None, camera: Camera, *, count: int, reach: int
    ) -> ObservedContour | None:
        """Prepares a mask.

        Args:
            mask: (H, W) the visible object.
            excluded: (H, W) where its border is not the object's contour: the dilated hand. None: nowhere.
            camera: For the image size.
            count: About how many border points.
            reach: How far around the mask the distance is needed [pixel].

        Returns:
            None if the mask is empty.
        """
        x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
        if w == 0:
            return None
        x0, y0 = max(x - reach, 0), max(y - reach, 0)
        region = (slice(y0, min(y + h + reach, camera.height)), slice(x0, min(x + w + reach, camera.width)))
        part = np.ascontiguousarray(mask[region])
        trusted = np.ones(part.shape, np.bool_) if excluded is None else part >= excluded[region]
        pixels, normals = trace(part.view(np.uint8), x0, y0, camera, count, excluded)
        return cls(x0, y0, BorderDistance.of(part), trusted, pixels + [x0, y0] + 0.5 * normals, normals)


class ContourTerm:
    """Model contour to the mask's signed distance, and observed border to the nearest model contour point.

    The model's contour slides over its surface as the object turns, so it is drawn again every few steps if that turned
    far enough. A view that was drawn at the first pose already can be given.
    """

    def __init__(
        self,
        mesh: CentredMesh,
        camera: Camera,
        observed: ObservedContour,
        *,
        sigma: float,
        weight: float,
        count: int,
        interval: int,
        least_sigma: float | None = None,
        view: SurfaceView | None = None,
    ) -> None:
        self._mesh, self._camera, self._observed = mesh, camera, observed
        self._sigma, self._weight, self._count, self._interval = sigma, weight, count, interval
        self._least_sigma = sigma if least_sigma is None else min(least_sigma, sigma)
        self._calls, self._view = 0, view
        self._drawn: FloatArray | None = None
        self._contour = np.zeros((0, 3)), np.zeros((0, 2))

    def accumulate(self, T: FloatArray, kernel_scale: float, A: FloatArray, b: FloatArray) -> None:
        """Adds the normal equations; see `ResidualTerm`."""
        if self._calls % self._interval == 0 and (self._drawn is None or _turn(self._drawn, T) > TURNED):
            view, self._view, self._drawn = self._view, None, T
            if view is None or view.T is not T:
                view = SurfaceView.draw(self._mesh, self._camera, T)
            self._contour = (np.zeros((0, 3)), np.zeros((0, 2))) if view is None else model_contour(view, self._count)
        self._calls += 1
        o, d, K = self._observed, self._observed.distance, self._camera.K
        spread = np.array([self._least_sigma, self._sigma, kernel_scale])
        seen = d.mask, d.gaps, d.known, o.trusted, o.x0, o.y0, o.points, o.normals
        _accumulate(*self._contour, *seen, T, K, spread, self._weight, A, b)


def _turn(T: FloatArray, other: FloatArray) -> float:
    """About how far the camera sees the object turn [rad] from a pose (4, 4) to another.

    That moving it aside shows other sides of it counts too.
    """
    off = T - other
    aside = off[:3, 3] / T[2, 3]
    return math.sqrt(0.5 * float(np.vdot(off[:3, :3], off[:3, :3])) + float(np.vdot(aside, aside)))


@numba.njit(cache=True)
def _accumulate(  # type: ignore[no-untyped-def]
    points, normals, mask, gaps, known, trusted, x0, y0, seen, seen_normals, T, K, spread, weight, A, b
):
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    count = points.shape[0]
    height, width = mask.shape
    q, uv, xyz = np.empty((count, 3)), np.empty((count, 2)), np.empty((count, 3))
    total = count + seen.shape[0]
    residual, gradient, point = np.empty(total), np.empty((total, 2)), np.full(total, -1)
    for n in range(count):
        for i in range(3):
            q[n, i] = T[i, 0] * points[n, 0] + T[i, 1] * points[n, 1] + T[i, 2] * points[n, 2]
        z = max(q[n, 2] + T[2, 3], 1e-6)
        x, y = (q[n, 0] + T[0, 3]) / z, (q[n, 1] + T[1, 3]) / z
        xyz[n, 0], xyz[n, 1], xyz[n, 2] = x, y, z
        u, v = fx * x + cx, fy * y + cy
        uv[n, 0], uv[n, 1] = u, v
        column, row = int(np.floor(u)) - x0, int(np.floor(v)) - y0
        if column < 0 or row < 0 or column >= width - 1 or row >= height - 1 or not trusted[row, column]:
            continue
        a, c = u - x0 - column, v - y0 - row
        d00 = signed_distance(mask, gaps, known, row, column)
        d01 = signed_distance(mask, gaps, known, row, column + 1)
        d10 = signed_distance(mask, gaps, known, row + 1, column)
        d11 = signed_distance(mask, gaps, known, row + 1, column + 1)
        residual[n] = (1 - c) * ((1 - a) * d00 + a * d01) + c * ((1 - a) * d10 + a * d11)
        gradient[n, 0] = (1 - c) * (d01 - d00) + c * (d11 - d10)
        gradient[n, 1] = (1 - a) * (d10 - d00) + a * (d11 - d01)
        point[n] = n
    reach = TUKEY * spread[1] * spread[2]
    for m in range(seen.shape[0]):
        best, nearest = reach * reach, -1
        gx, gy = seen_normals[m, 0], seen_normals[m, 1]
        for n in range(count):
            du = uv[n, 0] - seen[m, 0]
            if du * du >= best:
                continue
            dv = uv[n, 1] - seen[m, 1]
            d = du * du + dv * dv
            if d < best and normals[n, 0] * gx + normals[n, 1] * gy > SAME_DIRECTION:
                best, nearest = d, n
        if nearest >= 0:
            k = count + m
            residual[k] = gx * (uv[nearest, 0] - seen[m, 0]) + gy * (uv[nearest, 1] - seen[m, 1])
            gradient[k, 0], gradient[k, 1], point[k] = gx, gy, nearest
    sigma = scale_of(residual, point, reach, spread[0], spread[1])
    # The kernel starts as wide as a poor prediction needs and ends as narrow as the border is sharp.
    cutoff = TUKEY * (sigma + spread[1] * (spread[2] - 1.0))
    for k in range(total):
        n = point[k]
        if n >= 0:
            w = weight / (sigma * sigma) * tukey(residual[k], cutoff)
            if w > 0.0:
                x, y, z = xyz[n, 0], xyz[n, 1], xyz[n, 2]
                add_row(A, b, q[n], z, x, y, gradient[k, 0], gradient[k, 1], fx, fy, residual[k], w)
