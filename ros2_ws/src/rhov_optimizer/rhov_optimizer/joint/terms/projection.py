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
        points = scene.object_vertices[scene.own][:, self._pick]
        return _moved(self._problem, points, self._start[scene.own_frames]).sum() / len(self._problem)


class HandProjectionTerm(Term):
    """The hand's keypoints, in the frames that show it."""

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        self._problem = problem
        self._start = problem.project(problem.start.hand.joints)
        self._valid = torch.from_numpy(problem.hand.valid)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 6."""
        assert scene.hand is not None
        frames = scene.own_frames
        per_frame = _moved(self._problem, scene.hand.joints[scene.own], self._start[frames])
        return (self._valid[frames] * per_frame).sum() / len(self._problem)


def _moved(problem: Problem, points: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    """Mean squared distance (n,) of the projections of points (n, P, 3) from their start (n, P, 2)."""
    return ((problem.project(points) - start) / TOLERANCE).square().sum(-1).mean(1)
