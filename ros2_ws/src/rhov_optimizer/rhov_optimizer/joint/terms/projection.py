"""Projection terms (paper equation 6): hand and object stay near where they were first seen in the image."""

from __future__ import annotations

import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term

TOLERANCE = 3.0
"""A move that counts one [pixel]."""
VERTICES = 24
"""Vertices of the object that are compared."""


class ObjectProjectionTerm(Term):
    """The object's vertices."""

    def __init__(self, problem: Problem) -> None:
        vertices = problem.start.object_vertices
        self._pick = torch.linspace(0, vertices.shape[1] - 1, min(VERTICES, vertices.shape[1])).round().long()
        self._problem = problem
        self._start = problem.project(vertices[:, self._pick])

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 6."""
        return _moved(self._problem, scene.object_vertices[scene.own][:, self._pick], self._start[scene.own_frames])


class HandProjectionTerm(Term):
    """The hand's keypoints."""

    def __init__(self, problem: Problem) -> None:
        if problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        self._problem = problem
        self._start = problem.project(problem.start.hand.joints)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 6."""
        assert scene.hand is not None
        return _moved(self._problem, scene.hand.joints[scene.own], self._start[scene.own_frames])


def _moved(problem: Problem, points: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    squared = ((problem.project(points) - start) / TOLERANCE).square().sum(-1)
    return squared.mean(1).sum() / len(problem)
