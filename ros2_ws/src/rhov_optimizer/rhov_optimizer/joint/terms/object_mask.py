"""Mask term of the object."""

from __future__ import annotations

import numpy as np
import torch

from rhov_optimizer.joint.regions import Regions, bounds
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.silhouettes import Silhouettes
from rhov_optimizer.joint.terms.term import CueMissingError, Term


class ObjectMaskTerm(Term):
    """Rendered silhouette against the object's mask, outside the hand, which may hide the object."""

    residuals = ("contour_weight",)

    def __init__(self, problem: Problem) -> None:
        usable = [
            bool(seen) and record.object_mask is not None and not record.object_mask.is_empty
            for record, seen in zip(problem.records, problem.seen, strict=True)
        ]
        if not any(usable):
            raise CueMissingError("no tracked frame has an object mask")
        masks = [record.object_mask for record in problem.records]
        low, high = bounds(problem.project(problem.start.object_vertices).numpy().astype(np.float64), masks)
        regions = Regions.around(problem.camera, low, high, problem.config.resolution)
        self._silhouettes = Silhouettes(regions, problem.mesh.faces)
        everywhere = np.ones((problem.camera.height, problem.camera.width), np.bool_)
        for i in np.flatnonzero(usable):
            mask, excluded = masks[i], problem.records[i].excluded
            assert mask is not None
            self._silhouettes.set_frame(i, mask.unpack(), everywhere if excluded is None else ~excluded.unpack())
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared difference relative to the mask's area."""
        return self._silhouettes.loss(scene.object_vertices[scene.own], scene.own_frames) / self._count
