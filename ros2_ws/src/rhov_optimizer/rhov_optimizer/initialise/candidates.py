"""Hypotheses of the object's pose, and when two of them are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray


@dataclass(frozen=True)
class PoseCandidate:
    """One hypothesis."""

    T: FloatArray
    """(4, 4) T_camera_object, in the frame of the mesh file."""
    iou: float
    """Overlap of its silhouette with the mask, outside the hand, 0 to 1."""


@dataclass(frozen=True)
class InitialPose:
    """What the search found, best first."""

    candidates: tuple[PoseCandidate, ...]
    """At least one; those after the first were not refined by segmenting again."""
    iou: float
    """Overlap of the best silhouette with the last mask. That mask was seeded by the pose: see `margin`."""
    margin: float
    """How much the best overlap with the *first* mask, which knew no pose, exceeds that of the next distinct
    candidate. Near zero, the outline does not decide between them."""

    @property
    def T(self) -> FloatArray:
        """(4, 4) the best pose."""
        return self.candidates[0].T


def cosines(R: FloatArray, others: FloatArray, symmetries: FloatArray) -> FloatArray:
    """Cosines (N,) of the smallest rotation from R (3, 3) to each of (N, 3, 3), over the object's symmetries.

    Args:
        R: (3, 3)
        others: (N, 3, 3)
        symmetries: (S, 3, 3) rotations that map the object to itself, with the identity.
    """
    copies = R @ symmetries
    traces = others.reshape(-1, 9) @ copies.reshape(-1, 9).T
    return (traces.max(1) - 1) / 2


def diverse(T: FloatArray, score: FloatArray, symmetries: FloatArray, angle: float, count: int) -> list[int]:
    """Indices of the best poses that differ from each other.

    Args:
        T: (N, 4, 4) poses.
        score: (N,) larger is better.
        symmetries: (S, 3, 3) see `cosines`.
        angle: Poses turned less than this against a better one are left out [rad].
        count: How many at most.
    """
    kept: list[int] = []
    free = np.isfinite(score)
    order = np.argsort(-score, kind="stable")
    R = np.ascontiguousarray(T[order, :3, :3])
    free = free[order]
    while len(kept) < count and free.any():
        i = int(np.argmax(free))
        kept.append(int(order[i]))
        free &= cosines(R[i], R, symmetries) < np.cos(angle)
        free[i] = False
    return kept


def nearest_symmetric(T: FloatArray, reference: FloatArray, symmetries: FloatArray) -> FloatArray:
    """Of the poses that a symmetric object cannot be told apart in, the one (4, 4) turned least against a reference.

    Args:
        T: (4, 4)
        reference: (4, 4)
        symmetries: (S, 4, 4) transforms of the mesh that map it to itself, with the identity.
    """
    copies = T @ symmetries
    traces = np.einsum("sij,ij->s", copies[:, :3, :3], reference[:3, :3])
    return copies[int(np.argmax(traces))]
