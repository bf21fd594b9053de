"""Interaction term: fingertips that are near the object touch it."""

from __future__ import annotations

import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term

TOLERANCE = 0.005
"""A gap that counts one [m]."""


class InteractionTerm(Term):
    """Distance of each finger's pad to the object's surface, for the fingers that are near it.

    Which fingers are near is decided at the start and halfway, for each frame. The nearest vertex of a finger's pad
    counts, as a finger touches with a part of its pad only.
    """

    couples = Couples.HAND_AND_OBJECT

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.hand_model is None:
            raise CueMissingError("no frame shows a hand")
        self._problem = problem
        pads = [torch.from_numpy(pad) for pad in problem.hand_model.fingertip_vertices.values()]
        size = max(len(pad) for pad in pads)
        # Pads of unequal size are filled up with their first vertex, which changes no minimum.
        self._pads = torch.stack([torch.cat([pad, pad[:1].expand(size - len(pad))]) for pad in pads])
        self._both = torch.from_numpy(problem.hand.valid & problem.seen)
        if not self._both.any():
            raise CueMissingError("no frame shows both hand and object")
        self._near = torch.zeros(len(problem), len(pads), dtype=torch.bool)
        self.update(problem.start)

    def _gaps(self, scene: Scene) -> torch.Tensor:
        """(n, fingers) distance of each pad to the surface [m]."""
        assert scene.hand is not None
        tips = scene.hand.vertices[:, self._pads.reshape(-1)]
        distance = self._problem.distance.distance(scene.in_object(tips)) * scene.object_scale
        return distance.abs().reshape(len(tips), *self._pads.shape).amin(-1)

    def update(self, scene: Scene) -> None:
        """Decides which fingers are near the object."""
        with torch.no_grad():
            near = self._gaps(scene)[scene.own] < self._problem.config.contact_distance
        self._near[scene.own_frames] = near & self._both[scene.own_frames][:, None]

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared gaps, mean over the fingers."""
        gaps = self._gaps(scene)[scene.own] / TOLERANCE
        return (self._near[scene.own_frames] * gaps.square()).mean(1).sum() / len(self._problem)
