"""Rotation vectors and matrices, compiled: for a single one SciPy takes ten to thirty times as long."""

from __future__ import annotations

import numba
import numpy as np

TINY = 1e-12
"""Below this the direction of a vector is not computed."""


@numba.njit(cache=True)
def write_matrices(vectors, out):  # type: ignore[no-untyped-def]
    """Writes the rotation matrices (N, 3, 3) of rotation vectors (N, 3) [rad]."""
    for n in range(vectors.shape[0]):
        x, y, z = vectors[n, 0], vectors[n, 1], vectors[n, 2]
        angle = np.sqrt(x * x + y * y + z * z)
        # R = I + a [w]x + b [w]x^2
        a = np.sin(angle) / angle if angle > TINY else 1.0
        b = 0.5 * (np.sin(0.5 * angle) / (0.5 * angle)) ** 2 if angle > TINY else 0.5
        out[n, 0, 0], out[n, 0, 1], out[n, 0, 2] = 1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y
        out[n, 1, 0], out[n, 1, 1], out[n, 1, 2] = b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x
        out[n, 2, 0], out[n, 2, 1], out[n, 2, 2] = b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)


@numba.njit(cache=True)
def write_vectors(R, out):  # type: ignore[no-untyped-def]
    """Writes the rotation vectors (N, 3) [rad] of rotation matrices (N, 3, 3), of length 0 to pi.

    By the quaternion, whose largest component is taken from the diagonal (Shepperd's method): precise everywhere.
    """
    q = np.empty(4)
    for n in range(R.shape[0]):
        m = R[n]
        trace = m[0, 0] + m[1, 1] + m[2, 2]
        i = 0 if m[0, 0] >= m[1, 1] else 1
        i = i if m[i, i] >= m[2, 2] else 2
        if trace >= m[i, i]:
            q[0], q[1], q[2], q[3] = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 1.0 + trace
        else:
            j, k = (i + 1) % 3, (i + 2) % 3
            q[i], q[j], q[k] = 1.0 - trace + 2.0 * m[i, i], m[j, i] + m[i, j], m[k, i] + m[i, k]
            q[3] = m[k, j] - m[j, k]
        if q[3] < 0.0:
            q[:] = -q
        length = np.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2)
        factor = 2.0 * np.arctan2(length, q[3]) / length if length > TINY else 2.0 / q[3]
        for c in range(3):
            out[n, c] = factor * q[c]
