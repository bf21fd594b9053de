"""Signed distances in tensor operations alone, for devices other than the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from rhov_core.sdf.grid import SignedDistanceGrid


def distance_of_tensors(points: torch.Tensor, values: torch.Tensor, grid: SignedDistanceGrid) -> torch.Tensor:
    """Signed distances (...) [m] of points (..., 3), differentiable; what `grid` gives on the CPU, up to rounding.

    Args:
        points: In the object frame [m].
        values: (X, Y, Z) those of the grid, on the points' device.
        grid: For its place.
    """
    count = torch.tensor(values.shape, device=points.device)
    origin = torch.tensor(grid.origin, dtype=points.dtype, device=points.device)
    place = (points - origin) / grid.spacing
    last = (count - 1).to(points.dtype)
    inside = torch.minimum(place.clamp(min=0), last)
    beyond = (place - inside) * grid.spacing
    cell = torch.minimum(inside.detach().long(), count - 2)
    fraction = inside - cell
    flat = values.reshape(-1).to(points.dtype)
    strides = torch.stack([count[1] * count[2], count[2], torch.ones_like(count[0])])
    first = (cell * strides).sum(-1)

    def node(i: int, j: int, k: int) -> torch.Tensor:
        return flat[first + i * strides[0] + j * strides[1] + k * strides[2]]

    x, y, z = fraction.unbind(-1)
    low, high = (
        torch.lerp(torch.lerp(node(0, 0, k), node(1, 0, k), x), torch.lerp(node(0, 1, k), node(1, 1, k), x), y)
        for k in (0, 1)
    )
    squared = beyond.square().sum(-1)
    out = squared > 0
    outside = torch.where(out, torch.where(out, squared, torch.ones_like(squared)).sqrt(), torch.zeros_like(squared))
    return torch.lerp(low, high, z) + outside
