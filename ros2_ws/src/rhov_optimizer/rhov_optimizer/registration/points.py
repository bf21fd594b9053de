"""Reprojection residuals: known surface points that optical flow or features found again in the image."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_optimizer.registration.jacobian import add_row, project, tukey

TUKEY = 4.7
"""Cutoff of Tukey's biweight in standard deviations: 95 % efficient on normal noise."""


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

    def __len__(self) -> int:
        return len(self.points)

    def accumulate(self, T: FloatArray, kernel_scale: float, A: FloatArray, b: FloatArray) -> None:
        """Adds the normal equations; see `ResidualTerm`."""
        if len(self):
            cutoff = TUKEY * self.sigma * kernel_scale
            _accumulate(self.points, self.pixels, T, self.K, cutoff, self.weight / self.sigma**2, A, b)

    def residuals(self, T: FloatArray) -> FloatArray:
        """Distances (N,) at the pose T (4, 4) [pixel]; infinite for points behind the camera."""
        distance = np.linalg.norm(project(self.points, T, self.K) - self.pixels, axis=1)
        return np.where(np.isnan(distance), np.inf, distance)

    def inliers(self, T: FloatArray) -> BoolArray:
        """(N,) which points agree with the pose within three standard deviations."""
        return self.residuals(T) < 3 * self.sigma


@numba.njit(cache=True)
def _accumulate(points, pixels, T, K, cutoff, weight, A, b):  # type: ignore[no-untyped-def]
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    q = np.empty(3)
    for n in range(points.shape[0]):
        for i in range(3):
            q[i] = T[i, 0] * points[n, 0] + T[i, 1] * points[n, 1] + T[i, 2] * points[n, 2]
        z = q[2] + T[2, 3]
        if z <= 0.0:
            continue
        x, y = (q[0] + T[0, 3]) / z, (q[1] + T[1, 3]) / z
        ru, rv = fx * x + cx - pixels[n, 0], fy * y + cy - pixels[n, 1]
        w = weight * tukey(np.sqrt(ru * ru + rv * rv), cutoff)
        if w > 0.0:
            add_row(A, b, q, z, x, y, 1.0, 0.0, fx, fy, ru, w)
            add_row(A, b, q, z, x, y, 0.0, 1.0, fx, fy, rv, w)
