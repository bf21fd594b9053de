"""Temporal terms (paper equation 4): parameters and vertices change little from frame to frame."""

from __future__ import annotations

import numpy as np
import torch

from rhov_core.arrays import BoolArray
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import LOOK_BACK, Couples, CueMissingError, Term

DISTANCE, ANGLE = 0.01, 0.1
"""Changes that count one [m, rad]."""
VERTICES = 24
"""Vertices of each mesh that are compared."""


class _FrameDifferences:
    """Sum over k of 0.5^k |p_i - p_(i-k)|^2, each difference divided by the time it took, in nominal frames."""

    def __init__(self, problem: Problem, valid: BoolArray) -> None:
        self._valid = torch.from_numpy(valid)
        # relative: the time since 1970 in single precision has steps of two minutes
        self._stamps = torch.tensor(problem.stamps - problem.stamps[:1], dtype=torch.float32)
        step = float(np.median(np.diff(problem.stamps))) if len(problem) > 1 else 1.0
        self._step = step
        self._count = len(problem)

    def __call__(self, values: torch.Tensor, scene: Scene, unit: float) -> torch.Tensor:
        """The loss of values (n, ...), mean over their components."""
        flat = values.reshape(len(values), -1) / unit
        stamps, valid = self._stamps[scene.frames], self._valid[scene.frames]
        total = flat.new_zeros(())
        for k in range(1, min(LOOK_BACK, len(flat) - 1) + 1):
            start = max(k, scene.lead)
            elapsed = (stamps[start:] - stamps[start - k : len(flat) - k]) / (k * self._step)
            squared = ((flat[start:] - flat[start - k : len(flat) - k]) ** 2).mean(1)
            both = valid[start:] & valid[start - k : len(flat) - k]
            total = total + 0.5**k * (both * squared / elapsed**2).sum()
        return total / self._count


class ObjectTemporalTerm(Term):
    """The object's vertices and translation."""

    couples, residuals = Couples.FRAMES, ("smoothness_weight",)

    def __init__(self, problem: Problem) -> None:
        if len(problem) < 2:
            raise CueMissingError("the clip has only one frame")
        self._differences = _FrameDifferences(problem, np.ones(len(problem), np.bool_))
        self._pick = _spread(problem.start.object_vertices.shape[1])

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 4."""
        vertices = self._differences(scene.object_vertices[:, self._pick], scene, DISTANCE)
        return vertices + self._differences(scene.object_translation, scene, DISTANCE)


class HandTemporalTerm(Term):
    """The hand's vertices, translation and joint rotations, between frames that show it."""

    couples = Couples.FRAMES

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        if len(problem) < 2:
            raise CueMissingError("the clip has only one frame")
        self._differences = _FrameDifferences(problem, problem.hand.valid)
        self._pick = _spread(problem.start.hand.vertices.shape[1])

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 4."""
        assert scene.hand is not None
        vertices = self._differences(scene.hand.vertices[:, self._pick], scene, DISTANCE)
        translation = self._differences(scene.hand.translation, scene, DISTANCE)
        return vertices + translation + self._differences(scene.hand.pose, scene, ANGLE)


def _spread(count: int) -> torch.Tensor:
    return torch.linspace(0, count - 1, min(VERTICES, count)).round().long()
