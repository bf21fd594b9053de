"""Mask term of the hand."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray
from rhov_core.render import rasterize
from rhov_optimizer.joint.regions import Regions, bounds
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.silhouettes import Silhouettes
from rhov_optimizer.joint.terms.term import CueMissingError, Term
from rhov_optimizer.registration.agreement import overlap

REACH = 0.08
"""How far outside the hand's first silhouette the mask is compared, relative to the region's side: further out it is
the forearm."""
OCCLUSION_MARGIN = 5
"""The object's mask is widened by this: where the object is in front, the hand's silhouette says nothing [pixel]."""

DRAWN_OVERLAP = 0.92
"""A mask that overlaps the hand's own first silhouette, widened, by this much was drawn from it."""
DRAWN_MARGINS = (0, 2, 3, 4, 5, 7, 10)
"""Widths that are tried [pixel], in this many frames."""
DRAWN_FRAMES = 9


class HandMaskTerm(Term):
    """Rendered silhouette against the hand's mask, outside the object, which may hide the hand, and near the hand.

    A mask that was itself drawn from the estimated hand, as the embedded detector does, says nothing new: then the
    term is left out.
    """

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
        overlaps: list[float] = []
        for i in np.flatnonzero(usable):
            mask, occluder = masks[i], problem.records[i].object_mask
            assert mask is not None
            image = mask.unpack()
            drawn = (rasterize(vertices[i : i + 1].numpy(), faces, problem.camera)[0][0] >= 0).astype(np.uint8)
            if len(overlaps) < DRAWN_FRAMES:
                overlaps.append(max(overlap(_widened(drawn, margin), image) for margin in DRAWN_MARGINS))
            trusted = _widened(drawn, max(1, round(REACH * float(regions.box[i, 2]))))
            if occluder is not None:
                trusted &= ~_widened(occluder.unpack().astype(np.uint8), OCCLUSION_MARGIN)
            self._silhouettes.set_frame(i, image, trusted)
        if np.median(overlaps) > DRAWN_OVERLAP:
            raise CueMissingError("the hand masks were drawn from the estimated hand and say nothing new")
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared difference relative to the mask's area."""
        assert scene.hand is not None
        return self._silhouettes.loss(scene.hand.vertices[scene.own], scene.own_frames) / self._count


def _widened(mask: NDArray[np.uint8], margin: int) -> BoolArray:
    """A mask (H, W) grown by a margin on all sides [pixel]."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return cv2.dilate(mask, kernel) > 0
