"""Mask term of the hand."""

from __future__ import annotations

import numpy as np
import torch

from rhov_optimizer.joint.hand_masks import drawn_hand, frames_with_hand_mask, masks_are_drawn, widened
from rhov_optimizer.joint.regions import Regions, bounds
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.silhouettes import Silhouettes
from rhov_optimizer.joint.terms.term import CueMissingError, Term

REACH = 0.08
"""How far outside the hand's first silhouette the mask is compared, relative to the region's side: further out it is
the forearm."""
OCCLUSION_MARGIN = 5
"""The object's mask is widened by this: where the object is in front, the hand's silhouette says nothing [pixel]."""


class HandMaskTerm(Term):
    """Rendered silhouette against the hand's mask, outside the object, which may hide the hand, and near the hand.

    A mask that was itself drawn from the estimated hand, as the embedded detector does, says nothing new: then the
    term is left out.
    """

    def __init__(self, problem: Problem) -> None:
        if problem.hand_model is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        usable = frames_with_hand_mask(problem)
        if not usable.any():
            raise CueMissingError("no frame with a hand has a hand mask")
        if masks_are_drawn(problem):
            raise CueMissingError("the hand masks were drawn from the estimated hand and say nothing new")
        vertices = problem.start.hand.vertices
        low, high = bounds(problem.project(vertices).numpy().astype(np.float64), [None] * len(problem))
        regions = Regions.around(problem.camera, low, high, problem.config.resolution)
        self._silhouettes = Silhouettes(regions, problem.hand_model.faces)
        for i in np.flatnonzero(usable):
            mask, occluder = problem.records[i].hand_mask, problem.records[i].object_mask
            assert mask is not None
            trusted = widened(drawn_hand(problem, int(i)), max(1, round(REACH * float(regions.box[i, 2]))))
            if occluder is not None:
                trusted &= ~widened(occluder.unpack().astype(np.uint8), OCCLUSION_MARGIN)
            self._silhouettes.set_frame(i, mask.unpack(), trusted)
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared difference relative to the mask's area."""
        assert scene.hand is not None
        return self._silhouettes.loss(scene.hand.vertices[scene.own], scene.own_frames) / self._count
