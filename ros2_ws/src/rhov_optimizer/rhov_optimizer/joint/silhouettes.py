"""Rendered silhouettes against masks: what the mask terms of hand and object share."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray
from rhov_core.render import render
from rhov_optimizer.joint.regions import Regions

LEAST_AREA = 0.02
"""Masks that fill less of their region than this are normalised as if they filled this much."""


class Silhouettes:
    """Compares a mesh with a mask in each frame of a clip, where the mask can be trusted.

    Args:
        regions: Where in each frame.
        faces: (F, 3) of the mesh.
    """

    def __init__(self, regions: Regions, faces: NDArray[np.int32]) -> None:
        count, side = len(regions.box), regions.camera.width
        self.regions, self._faces = regions, faces
        self._target = torch.zeros(count, side, side, dtype=torch.uint8)
        self._trust = torch.zeros(count, side, side, dtype=torch.uint8)

    def set_frame(self, frame: int, mask: BoolArray, trusted: BoolArray) -> None:
        """Sets the mask (H, W) of a frame and where it holds (H, W); frames that are not set count for nothing."""
        self._target[frame] = torch.from_numpy(self.regions.crop(mask, frame))
        self._trust[frame] = torch.from_numpy(self.regions.crop(trusted, frame))

    def loss(self, vertices: torch.Tensor, frames: slice) -> torch.Tensor:
        """Squared differences, over each frame's area of the mask, summed over the frames.

        Args:
            vertices: (n, V, 3) camera frame [m].
            frames: Which frames of the clip these are.
        """
        drawn = render(self.regions.mapped(vertices, frames), self._faces, self.regions.camera).silhouette
        target = self._target[frames].to(drawn) / 255
        trust = self._trust[frames].to(drawn) / 255
        area = target.mean((1, 2)).clamp(min=LEAST_AREA)
        return ((trust * (drawn - target) ** 2).mean((1, 2)) / area).sum()
