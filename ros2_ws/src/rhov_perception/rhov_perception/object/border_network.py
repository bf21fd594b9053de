"""A small network that finds an object's border in the unrolled surroundings of a silhouette."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

INPUTS = 8
"""Channels: blue, green and red from -0.5 to 0.5, how much each pixel's colour speaks for the object, -1 to 1, where
the silhouette is, where the hand is drawn, what is outside the picture, and the row's distance from the outline, -1 to
1."""
CHANNELS = (16, 32)
"""At the full resolution, and at half of it."""


class BorderNetwork(nn.Module):
    """From (N, INPUTS, rows, columns) to log odds (N, rows, columns) that a place shows the object.

    Args:
        norm: Makes the layer that follows a convolution to so many channels; in use it is none, because what training
            has learnt of it is folded into the convolution.
    """

    def __init__(self, norm: Callable[[int], nn.Module] | None = None) -> None:
        super().__init__()

        def convolution(inputs: int, outputs: int, stride: int = 1, spread: int = 1) -> nn.Sequential:
            layer = nn.Conv2d(inputs, outputs, 3, stride, spread, spread, bias=norm is None)
            return nn.Sequential(layer, nn.Identity() if norm is None else norm(outputs), nn.ReLU(inplace=True))

        fine, coarse = CHANNELS
        self.fine = nn.Sequential(convolution(INPUTS, fine), convolution(fine, fine))
        self.coarse = nn.Sequential(convolution(fine, coarse, 2), convolution(coarse, coarse, spread=2))
        self.everywhere = nn.Linear(coarse, coarse)
        self.wide = nn.Sequential(convolution(coarse, coarse, spread=4), convolution(coarse, coarse, spread=2))
        self.up = convolution(fine + coarse, fine)
        self.out = nn.Conv2d(fine, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Log odds."""
        fine = self.fine(x)
        coarse = self.coarse(fine)
        coarse = self.wide(coarse + self.everywhere(coarse.mean((2, 3)))[:, :, None, None])
        again = nn.functional.interpolate(coarse, size=fine.shape[2:], mode="nearest")
        said: Tensor = self.out(self.up(torch.cat([fine, again], 1)))
        return said[:, 0]
