"""Mask term of the hand."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from rhov_core.render import rasterize
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
    """Rendered silhouette against the hand's mask, outside the object, which may hide the hand, and near the hand."""

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.hand_model is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        masks = [record.hand_mask for record in problem.records]
        usable = [
            bool(valid) and mask is not None and not mask.is_empty
            for mask, valid in zip(masks, problem.hand.valid, strict=True)
        ]
        if not any(usable):
            raise CueMissingError("no frame with a hand has a hand mask")
        vertices, faces = problem.start.hand.vertices, problem.hand_model.faces
        low, high = bounds(problem.project(vertices).numpy().astype(np.float64), [None] * len(problem))
        regions = Regions.around(problem.camera, low, high, problem.config.resolution)
        self._silhouettes = Silhouettes(regions, faces)
        kernel = np.ones((2 * OCCLUSION_MARGIN + 1,) * 2, np.uint8)
        for i in np.flatnonzero(usable):
            mask, occluder = masks[i], problem.records[i].object_mask
            assert mask is not None
            drawn = rasterize(vertices[i : i + 1].numpy(), faces, problem.camera)[0][0] >= 0
            reach = 2 * max(1, round(REACH * float(regions.box[i, 2]))) + 1
            trusted = cv2.dilate(drawn.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
            if occluder is not None:
                trusted &= cv2.dilate(occluder.unpack().astype(np.uint8), kernel) == 0
            self._silhouettes.set_frame(i, mask.unpack(), trusted)
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared difference relative to the mask's area."""
        assert scene.hand is not None
        return self._silhouettes.loss(scene.hand.vertices[scene.own], scene.own_frames) / self._count
