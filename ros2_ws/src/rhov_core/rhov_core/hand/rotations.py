"""Rotation matrices of rotation vectors in torch, differentiable everywhere including zero."""

from __future__ import annotations

import torch


def rotation_matrix(rotation_vector: torch.Tensor) -> torch.Tensor:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) [rad] by Rodrigues' formula."""
    squared = (rotation_vector * rotation_vector).sum(-1)
    small = squared < 1e-8
    safe = torch.where(small, torch.ones_like(squared), squared)  # keeps the gradient of the root finite at zero
    angle = safe.sqrt()
    sine = torch.where(small, 1 - squared / 6, torch.sin(angle) / angle)
    cosine = torch.where(small, 0.5 - squared / 24, (1 - torch.cos(angle)) / safe)
    x, y, z = rotation_vector.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    identity = torch.eye(3, dtype=cross.dtype, device=cross.device)
    return identity + sine[..., None, None] * cross + cosine[..., None, None] * (cross @ cross)
