"""A small network that finds an object's border in the unrolled surroundings of a silhouette."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rhov_perception.object.network_parts import Norm, convolution

INPUTS = 8
"""Channels: blue, green and red from -0.5 to 0.5, how much each pixel's colour speaks for the object, -1 to 1, where
the silhouette is, where the hand is drawn, what is outside the picture, and the row's distance from the outline, -1 to
1."""
CHANNELS = (16, 32)
"""At the full resolution, and at half of it."""


class BorderNetwork(nn.Module):
    """From (N, INPUTS, rows, columns) to log odds (N, rows, columns) that a place shows the object.

    Args:
        norm: See `convolution`.
    """

    def __init__(self, norm: Norm | None = None) -> None:
        super().__init__()

        fine, coarse = CHANNELS
        self.fine = nn.Sequential(convolution(INPUTS, fine, norm), convolution(fine, fine, norm))
        self.coarse = nn.Sequential(convolution(fine, coarse, norm, 2), convolution(coarse, coarse, norm, spread=2))
        self.everywhere = nn.Linear(coarse, coarse)
        self.wide = nn.Sequential(
            convolution(coarse, coarse, norm, spread=4), convolution(coarse, coarse, norm, spread=2)
        )
        self.up = convolution(fine + coarse, fine, norm)
        self.out = nn.Conv2d(fine, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Log odds."""
        fine = self.fine(x)
        coarse = self.coarse(fine)
        coarse = self.wide(coarse + self.everywhere(coarse.mean((2, 3)))[:, :, None, None])
        again = nn.functional.interpolate(coarse, size=fine.shape[2:], mode="nearest")
        said: Tensor = self.out(self.up(torch.cat([fine, again], 1)))
        return said[:, 0]
