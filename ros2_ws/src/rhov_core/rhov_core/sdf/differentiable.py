"""Signed distances of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rhov_core.device import stays_on_device
from rhov_core.sdf.grid import SignedDistanceGrid
from rhov_core.sdf.tensors import distance_of_tensors


def differentiable_distance(points: torch.Tensor, grid: SignedDistanceGrid) -> torch.Tensor:
    """Signed distances (...) [m] of points (..., 3) in the object frame [m], differentiable once."""
    if stays_on_device(points):
        return distance_of_tensors(points, grid.values_on(points.device), grid)
    return _Distance.apply(points, grid)


class _Distance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: torch.Tensor, grid: SignedDistanceGrid) -> torch.Tensor:
        distance, gradient = grid.distance_and_gradient(points.detach().cpu().numpy())
        ctx.save_for_backward(torch.from_numpy(gradient).to(points))
        return torch.from_numpy(np.asarray(distance)).to(points)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradients[0][..., None] * gradient, None
