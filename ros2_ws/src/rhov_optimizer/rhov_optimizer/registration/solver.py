"""Gauss-Newton on one rigid pose, over a list of terms of which it knows nothing but their normal equations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np

from rhov_core.arrays import FloatArray

LARGEST_ROTATION_STEP = 0.3
"""Steps are shortened to this rotation [rad]: further the linearisation means nothing."""

STILL = 1e-4
"""A step that changes no entry of the pose by more [m, about rad] is the last but those with the final kernels."""
_UPPER = np.triu(np.ones((6, 6), np.bool_))


class ResidualTerm(Protocol):
    """One kind of residual, weighted by a robust kernel."""

    def accumulate(self, T: FloatArray, kernel_scale: float, A: FloatArray, b: FloatArray) -> None:
        """Adds J^T W J to A (6, 6) and J^T W r to b (6,) at the pose T (4, 4).

        Args:
            T: The pose T_camera_object.
            kernel_scale: What the widths of the robust kernels are multiplied with, 1 or more.
            A: Normal matrix; only the upper triangle is filled.
            b: Gradient. Both refer to a left perturbation [translation, rotation] of T.
        """
        ...


@dataclass(frozen=True)
class Solution:
    """Where Gauss-Newton ended."""

    T: FloatArray
    """(4, 4)"""
    information: FloatArray
    """(6, 6) J^T W J at the last linearisation, for a left perturbation [translation m, rotation rad]."""

    @property
    def is_sound(self) -> bool:
        """Whether the pose is finite and in front of the camera."""
        return bool(np.isfinite(self.T).all() and self.T[2, 3] > 0)


def solve(
    terms: Sequence[ResidualTerm],
    T: FloatArray,
    *,
    iterations: int,
    anneal: tuple[float, float] = (1.0, 1.0),
    damping: float = 1e-4,
) -> Solution:
    """Minimises the sum of the terms over a pose.

    Args:
        terms: What is compared.
        T: (4, 4) where to start.
        iterations: Largest number of steps; there are fewer where they become tiny.
        anneal: Scale of the robust kernels at the first and at the last step; geometric in between. After a tiny step
            it is the last one.
        damping: What is added to the diagonal, relative to it.

    Returns:
        The pose and its information matrix; check `is_sound`.
    """
    pose, A, b = T, np.zeros((6, 6)), np.zeros(6)
    first, last = anneal
    still = False
    for i in range(iterations):
        scale = last if still else first * (last / first) ** (i / max(1, iterations - 1))
        A[:], b[:] = 0.0, 0.0
        for term in terms:
            term.accumulate(pose, scale, A, b)
        pose, change = _moved(pose, A, b, damping)
        still = change < STILL
        if (still and scale == last) or not math.isfinite(change):
            break
    return Solution(pose, np.where(_UPPER, A, A.T))


@numba.njit(cache=True)
def _moved(T, A, b, damping):  # type: ignore[no-untyped-def]
    """The pose (4, 4) after the step that solves the damped normal equations, cut to a sensible length, and the
    largest change of its entries; NaN if the pose is not finite.

    The damped matrix is positive definite, so it is factorised as L D L^T without pivots. Moves the pose like
    `rhov_core.pose.perturb`.
    """
    largest = 0.0
    for i in range(6):
        largest = max(largest, A[i, i])
    L, D, step = np.zeros((6, 6)), np.empty(6), -b
    for i in range(6):
        for j in range(i):
            value = A[j, i]
            for k in range(j):
                value -= L[i, k] * D[k] * L[j, k]
            L[i, j] = value / D[j]
            step[i] -= L[i, j] * step[j]
        D[i] = A[i, i] * (1.0 + damping) + 1e-9 * (1.0 + largest)
        for k in range(i):
            D[i] -= L[i, k] * L[i, k] * D[k]
    for i in range(5, -1, -1):
        step[i] /= D[i]
        for k in range(i + 1, 6):
            step[i] -= L[k, i] * step[k]
    angle = np.sqrt(step[3] ** 2 + step[4] ** 2 + step[5] ** 2)
    if angle > LARGEST_ROTATION_STEP:
        step *= LARGEST_ROTATION_STEP / angle
        angle = LARGEST_ROTATION_STEP
    x, y, z = step[3:] / max(angle, 1e-300)
    s, c, v = np.sin(angle), np.cos(angle), 1.0 - np.cos(angle)
    turn = (
        (c + v * x * x, v * x * y - s * z, v * x * z + s * y),
        (v * x * y + s * z, c + v * y * y, v * y * z - s * x),
        (v * x * z - s * y, v * y * z + s * x, c + v * z * z),
    )
    out, change = np.eye(4), 0.0
    for i in range(3):
        for j in range(3):
            out[i, j] = turn[i][0] * T[0, j] + turn[i][1] * T[1, j] + turn[i][2] * T[2, j]
        out[i, 3] = T[i, 3] + step[i]
    for i in range(3):
        for j in range(4):
            if not np.isfinite(out[i, j]):
                return out, np.nan
            change = max(change, abs(out[i, j] - T[i, j]))
    return out, change
