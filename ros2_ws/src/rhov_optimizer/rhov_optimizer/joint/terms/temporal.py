"""Temporal terms (paper equation 4): parameters and vertices change little from frame to frame."""

from __future__ import annotations

import numpy as np
import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.frame_differences import FrameDifferences
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term

DISTANCE, ANGLE = 0.01, 0.1
"""Changes that count one [m, rad]."""
VERTICES = 24
"""Vertices of each mesh that are compared."""


class ObjectTemporalTerm(Term):
    """The object's vertices and translation."""

    couples, residuals = Couples.FRAMES, ("smoothness_weight",)

    def __init__(self, problem: Problem) -> None:
        if len(problem) < 2:
            raise CueMissingError("the clip has only one frame")
        self._differences = FrameDifferences(problem, np.ones(len(problem), np.bool_))
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
        self._differences = FrameDifferences(problem, problem.hand.valid)
        self._pick = _spread(problem.start.hand.vertices.shape[1])

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 4."""
        assert scene.hand is not None
        vertices = self._differences(scene.hand.vertices[:, self._pick], scene, DISTANCE)
        translation = self._differences(scene.hand.translation, scene, DISTANCE)
        return vertices + translation + self._differences(scene.hand.pose, scene, ANGLE)


def _spread(count: int) -> torch.Tensor:
    return torch.linspace(0, count - 1, min(VERTICES, count)).round().long()
