"""Square regions of the image, one a frame, rendered as one batch at low resolution."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_optimizer.packed_mask import PackedMask

MARGIN = 0.15
"""Free space around what a region shall hold, relative to its size."""


@dataclass(frozen=True)
class Regions:
    """Maps a region of each frame onto the same small image.

    A change of a pinhole camera's focal length and centre is a linear map of points (x, y, z) that keeps z, so one
    camera renders all regions once the vertices are mapped.
    """

    camera: Camera
    """Renders mapped vertices; resolution x resolution pixels."""
    box: NDArray[np.int64]
    """(N, 3) first column, first row and side of each region [pixel]."""
    _map: torch.Tensor
    """(N, 4) x' = a x + b z, y' = c y + d z."""

    @classmethod
    def around(cls, camera: Camera, low: FloatArray, high: FloatArray, resolution: int) -> Regions:
        """Regions that hold what lies between the corners `low` and `high` (N, 2) [pixel], with a margin."""
        low = np.clip(low, 0, [camera.width - 1, camera.height - 1])
        high = np.clip(high, 0, [camera.width - 1, camera.height - 1])
        side = np.ceil((1 + 2 * MARGIN) * (high - low).max(1)).astype(np.int64) + 4
        first = np.rint((low + high) / 2 - side[:, None] / 2).astype(np.int64)
        small = Camera.from_focal(float(resolution), resolution, resolution)
        ratio = resolution / side
        a, c = camera.fx * ratio / small.fx, camera.fy * ratio / small.fy
        b = ((camera.cx - first[:, 0] + 0.5) * ratio - 0.5 - small.cx) / small.fx
        d = ((camera.cy - first[:, 1] + 0.5) * ratio - 0.5 - small.cy) / small.fy
        table = torch.tensor(np.stack([a, b, c, d], 1), dtype=torch.float32)
        return cls(small, np.concatenate([first, side[:, None]], 1), table)

    def mapped(self, vertices: torch.Tensor, frames: slice) -> torch.Tensor:
        """Vertices (n, V, 3) of some frames as `camera` must see them to show their regions."""
        a, b, c, d = self._map[frames].to(vertices)[:, :, None].unbind(1)
        x, y, z = vertices.unbind(-1)
        return torch.stack([a * x + b * z, c * y + d * z, z], -1)

    def crop(self, mask: BoolArray, frame: int) -> NDArray[np.uint8]:
        """The region of a mask (H, W), 0 to 255 by the covered part of each pixel; 0 outside the image."""
        x, y, side = self.box[frame]
        height, width = mask.shape
        out = np.zeros((side, side), np.uint8)
        rows = slice(max(y, 0), min(y + side, height))
        columns = slice(max(x, 0), min(x + side, width))
        out[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x] = mask[rows, columns]
        how = cv2.INTER_AREA if side > self.camera.width else cv2.INTER_LINEAR
        small = cv2.resize(out * 255, (self.camera.width, self.camera.height), interpolation=how)
        return small.astype(np.uint8, copy=False)


def bounds(pixels: FloatArray, masks: list[PackedMask | None]) -> tuple[FloatArray, FloatArray]:
    """Corners (N, 2), (N, 2) of what holds both the pixels (N, P, 2) and the mask of each frame."""
    low, high = pixels.min(1), pixels.max(1)
    for i, mask in enumerate(masks):
        if mask is not None and not mask.is_empty:
            x, y, w, h = mask.box
            low[i], high[i] = np.minimum(low[i], [x, y]), np.maximum(high[i], [x + w - 1, y + h - 1])
    return low, high
