"""Penetration term: the hand stays out of the object."""

from __future__ import annotations

import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term

TOLERANCE = 0.005
"""A depth that counts one [m]."""
ALLOWED = 0.001
"""Skin gives way: this much is free [m]."""
VERTICES = 200
"""Vertices of the hand that are tested."""


class PenetrationTerm(Term):
    """Signed distance of the hand's vertices in the object, where negative."""

    couples = Couples.HAND_AND_OBJECT

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        both = problem.hand.valid & problem.seen
        if not both.any():
            raise CueMissingError("no frame shows both hand and object")
        self._problem = problem
        count = problem.start.hand.vertices.shape[1]
        self._pick = torch.linspace(0, count - 1, min(VERTICES, count)).round().long()
        self._both = torch.from_numpy(both)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared depths, summed over the vertices and divided by a tenth of their number.

        When a finger is inside, about a tenth of the hand is: its depth then counts as one finger's gap does in the
        interaction term.
        """
        assert scene.hand is not None
        points = scene.in_object(scene.hand.vertices[:, self._pick])[scene.own]
        distance = self._problem.distance.distance(points) * scene.object_scale
        depth = (-distance - ALLOWED).clamp(min=0) / TOLERANCE
        per_frame = depth.square().sum(1) / (0.1 * len(self._pick))
        return (self._both[scene.own_frames] * per_frame).sum() / len(self._problem)
