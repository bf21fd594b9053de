"""Gauss-Newton on one rigid pose, over a list of terms of which it knows nothing but their normal equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from rhov_core.arrays import FloatArray

LARGEST_ROTATION_STEP = 0.3
"""Steps are shortened to this rotation [rad]: further the linearisation means nothing."""


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
        iterations: Number of steps.
        anneal: Scale of the robust kernels at the first and at the last step; geometric in between.
        damping: What is added to the diagonal, relative to it.

    Returns:
        The pose and its information matrix; check `is_sound`.
    """
    pose, information = np.asarray(T, np.float64), np.zeros((6, 6))
    first, last = anneal
    for i in range(iterations):
        fraction = i / max(1, iterations - 1)
        A, b = np.zeros((6, 6)), np.zeros(6)
        for term in terms:
            term.accumulate(pose, first * (last / first) ** fraction, A, b)
        information = A + A.T
        diagonal = A.diagonal()
        np.fill_diagonal(information, diagonal)
        damped = information.copy()
        np.fill_diagonal(damped, diagonal * (1 + damping) + 1e-9 * (1 + diagonal.max()))
        pose = _moved(pose, -np.linalg.solve(damped, b))
        if not np.isfinite(pose).all():
            break
    return Solution(pose, information)


def _moved(T: FloatArray, step: FloatArray) -> FloatArray:
    """`rhov_core.pose.perturb` of one pose, ten times quicker, with the step cut to a sensible length."""
    step = step * min(1.0, LARGEST_ROTATION_STEP / max(float(np.linalg.norm(step[3:])), 1e-12))
    out = np.eye(4)
    out[:3, :3] = cv2.Rodrigues(step[3:])[0] @ T[:3, :3]
    out[:3, 3] = T[:3, 3] + step[:3]
    return out
