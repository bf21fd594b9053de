"""Reprojection residuals: known surface points that optical flow or features found again in the image."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_optimizer.registration.jacobian import add_row, scale_of, tukey

TUKEY = 4.7
"""Cutoff of Tukey's biweight in standard deviations: 95 % efficient on normal noise."""


ROOM = 1.7456
"""Median length of a vector of two normal components over the median size of one."""


@dataclass(frozen=True)
class PointTerm:
    """Distance between projected object points and the pixels where they were seen."""

    points: FloatArray
    """(N, 3) object frame [m]."""
    pixels: FloatArray
    """(N, 2) where they were seen [pixel]."""
    K: FloatArray
    """(3, 3) [pixel]."""
    sigma: float
    """Standard deviation of the pixels [pixel]."""
    weight: float
    """Factor for residuals that are not independent of each other, 0 to 1."""
    least_sigma: float | None = None
    """Where given, the standard deviation is that which the residuals show, between this and `sigma` [pixel]."""

    def __len__(self) -> int:
        return len(self.points)

    def accumulate(self, T: FloatArray, kernel_scale: float, A: FloatArray, b: FloatArray) -> None:
        """Adds the normal equations; see `ResidualTerm`."""
        if len(self):
            spread = np.array([self.sigma if self.least_sigma is None else self.least_sigma, self.sigma, kernel_scale])
            _accumulate(self.points, self.pixels, T, self.K, spread, self.weight, A, b)

    def residuals(self, T: FloatArray) -> FloatArray:
        """Distances (N,) at the pose T (4, 4) [pixel]; infinite for points behind the camera."""
        return _distances(self.points, self.pixels, T, self.K)

    def inliers(self, T: FloatArray) -> BoolArray:
        """(N,) which points agree with the pose within three standard deviations."""
        return self.residuals(T) < 3 * self.sigma


@numba.njit(cache=True)
def _distances(points, pixels, T, K):  # type: ignore[no-untyped-def]
    out = np.empty(points.shape[0])
    for n in range(points.shape[0]):
        p0, p1, p2 = points[n, 0], points[n, 1], points[n, 2]
        z = T[2, 0] * p0 + T[2, 1] * p1 + T[2, 2] * p2 + T[2, 3]
        if z > 0.0:
            u = K[0, 0] * (T[0, 0] * p0 + T[0, 1] * p1 + T[0, 2] * p2 + T[0, 3]) / z + K[0, 2]
            v = K[1, 1] * (T[1, 0] * p0 + T[1, 1] * p1 + T[1, 2] * p2 + T[1, 3]) / z + K[1, 2]
            out[n] = np.sqrt((u - pixels[n, 0]) ** 2 + (v - pixels[n, 1]) ** 2)
        else:
            out[n] = np.inf
    return out


@numba.njit(cache=True)
def _accumulate(points, pixels, T, K, spread, weight, A, b):  # type: ignore[no-untyped-def]
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    count = points.shape[0]
    q, xyz, residual, size = np.empty((count, 3)), np.empty((count, 3)), np.empty((count, 2)), np.full(count, np.inf)
    used = np.zeros(count, np.int64)
    for n in range(count):
        for i in range(3):
            q[n, i] = T[i, 0] * points[n, 0] + T[i, 1] * points[n, 1] + T[i, 2] * points[n, 2]
        z = q[n, 2] + T[2, 3]
        if z <= 0.0:
            continue
        x, y = (q[n, 0] + T[0, 3]) / z, (q[n, 1] + T[1, 3]) / z
        xyz[n, 0], xyz[n, 1], xyz[n, 2] = x, y, z
        ru, rv = fx * x + cx - pixels[n, 0], fy * y + cy - pixels[n, 1]
        residual[n, 0], residual[n, 1], size[n] = ru, rv, np.sqrt(ru * ru + rv * rv)
    reach = TUKEY * spread[1] * spread[2]
    sigma = scale_of(size / ROOM, used, reach / ROOM, spread[0], spread[1])
    cutoff = TUKEY * (sigma + spread[1] * (spread[2] - 1.0))
    for n in range(count):
        if size[n] < cutoff:
            w = weight / (sigma * sigma) * tukey(size[n], cutoff)
            x, y, z = xyz[n, 0], xyz[n, 1], xyz[n, 2]
            add_row(A, b, q[n], z, x, y, 1.0, 0.0, fx, fy, residual[n, 0], w)
            add_row(A, b, q[n], z, x, y, 0.0, 1.0, fx, fy, residual[n, 1], w)
