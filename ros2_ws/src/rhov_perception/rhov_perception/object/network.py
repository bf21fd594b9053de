"""A small U-net (Ronneberger et al. 2015) that tells a thing in a hand from everything else."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from rhov_perception.object.network_parts import Norm, convolution

SIDE = 128
"""Side of the square pictures that it sees [pixel]."""
INPUTS = 6
"""Channels: blue, green and red from -0.5 to 0.5, where the hand is drawn, what is known of the object (1 inside a mask
of it, 0.5 inside a box around it), and how much each pixel's colour speaks for the object, -1 to 1, 0 if that is not
known."""
OUTPUTS = 3
"""Channels: log odds that the object is seen, that skin is seen, and that the object is there, seen or hidden. The
last is not used; it was taught so that the network learns what hides an object."""
CHANNELS = (12, 24, 48, 64, 96, 96)
"""At the full side, half of it, and so on."""


class HeldObjectNetwork(nn.Module):
    """From (N, INPUTS, SIDE, SIDE) to (N, OUTPUTS, SIDE, SIDE).

    Args:
        norm: See `convolution`.
    """

    def __init__(self, norm: Norm | None = None) -> None:
        super().__init__()

        pairs = list(itertools.pairwise(CHANNELS))
        self.down = nn.ModuleList(
            [nn.Sequential(convolution(INPUTS, CHANNELS[0], norm), convolution(CHANNELS[0], CHANNELS[0], norm))]
            + [
                nn.Sequential(convolution(fine, coarse, norm, 2), convolution(coarse, coarse, norm))
                for fine, coarse in pairs
            ]
        )
        self.up = nn.ModuleList([convolution(fine + coarse, fine, norm) for fine, coarse in pairs])
        self.out = nn.Conv2d(CHANNELS[0], OUTPUTS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Log odds."""
        seen: list[Tensor] = []
        for layer in self.down:
            x = layer(x)
            seen.append(x)
        for k in reversed(range(len(self.up))):
            wide = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[k](torch.cat([wide, seen[k]], 1))
        out: Tensor = self.out(x)
        return out
