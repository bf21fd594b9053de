"""How a pixel moves when the pose does: the one Jacobian that all residuals share."""

from __future__ import annotations

import numba
import numpy as np

from rhov_core.arrays import FloatArray

NORMAL = 1.4826
"""Standard deviation of normal noise over the median of its sizes."""


@numba.njit(cache=True, inline="always")
def add_row(A, b, q, z, x, y, gx, gy, fx, fy, residual, weight):  # type: ignore[no-untyped-def]
    """Adds one weighted scalar residual to the upper triangle of A (6, 6) and to b (6,).

    Args:
        A: Normal matrix.
        b: Gradient.
        q: (3,) the point rotated into the camera frame, relative to the object's origin [m].
        z: Its depth in the camera frame [m].
        x: Its camera-frame coordinate x / z.
        y: Its camera-frame coordinate y / z.
        gx: Derivative of the residual by the pixel's column.
        gy: Derivative of the residual by the pixel's row.
        fx: Focal length [pixel].
        fy: Focal length [pixel].
        residual: The residual.
        weight: Its weight.
    """
    jx = gx * fx / z
    jy = gy * fy / z
    jz = -(jx * x + jy * y)
    row = (jx, jy, jz, q[1] * jz - q[2] * jy, q[2] * jx - q[0] * jz, q[0] * jy - q[1] * jx)
    for i in range(6):
        wi = weight * row[i]
        b[i] += wi * residual
        for j in range(i, 6):
            A[i, j] += wi * row[j]


@numba.njit(cache=True, inline="always")
def tukey(residual, cutoff):  # type: ignore[no-untyped-def]
    """Tukey's biweight: 1 at zero, 0 from the cutoff on."""
    ratio = residual / cutoff
    if ratio >= 1.0 or ratio <= -1.0:
        return 0.0
    return (1.0 - ratio * ratio) ** 2


@numba.njit(cache=True)
def scale_of(residual, used, reach, least, most):  # type: ignore[no-untyped-def]
    """Standard deviation of residuals by the median of their sizes, between `least` and `most`.

    Args:
        residual: (N,)
        used: (N,) only those with entries of 0 or more count.
        reach: Larger residuals do not count.
        least: Smallest result: what the pixels themselves cannot beat.
        most: Largest result, also where nothing counts.
    """
    if least >= most:
        return most
    sizes, count = np.empty(len(residual)), 0
    for n in range(len(residual)):
        if used[n] >= 0 and abs(residual[n]) < reach:
            sizes[count] = abs(residual[n])
            count += 1
    if count == 0:
        return most
    return min(max(NORMAL * np.median(sizes[:count]), least), most)


@numba.njit(cache=True)
def _project(points, T, K, uv):  # type: ignore[no-untyped-def]
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        depth = T[2, 0] * x + T[2, 1] * y + T[2, 2] * z + T[2, 3]
        if depth > 0.0:
            uv[n, 0] = (T[0, 0] * x + T[0, 1] * y + T[0, 2] * z + T[0, 3]) / depth * K[0, 0] + K[0, 2]
            uv[n, 1] = (T[1, 0] * x + T[1, 1] * y + T[1, 2] * z + T[1, 3]) / depth * K[1, 1] + K[1, 2]
        else:
            uv[n, 0], uv[n, 1] = np.nan, np.nan


def project(points: FloatArray, T: FloatArray, K: FloatArray) -> FloatArray:
    """Pixels (N, 2) of object points (N, 3) at the pose T (4, 4), without lens distortion.

    Points behind the camera get NaN.
    """
    uv = np.empty((len(points), 2))
    _project(points, T, K, uv)
    return uv
