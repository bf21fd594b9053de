"""Rotations and poses of many environments as torch tensors.

Quaternions are ordered x, y, z, w. A pose is (..., 7): a position [m] and a quaternion. Tangents are those of
`rhov_core.pose`: [translation, rotation], with the rotation from the left about the frame's own origin.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rhov_core.arrays import FloatArray
from rhov_core.pose import quaternion_from_rotation

_TINY = 1e-12


def _product() -> Tensor:
    """(16, 4): what each product of an element of a and one of b adds to which element of the quaternion a b."""
    table = torch.zeros(4, 4, 4, dtype=torch.float64)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        table[i, j, k], table[j, i, k] = 1.0, -1.0
        table[i, 3, i] = table[3, i, i] = 1.0
        table[i, i, 3] = -1.0
    table[3, 3, 3] = 1.0
    return table.flatten(0, 1)


_PRODUCT = _product()


def pose_tensor(transform: FloatArray) -> Tensor:
    """Poses (..., 7) of transforms (..., 4, 4)."""
    quaternion = torch.from_numpy(quaternion_from_rotation(transform[..., :3, :3]))
    return torch.cat([torch.from_numpy(transform[..., :3, 3].copy()), quaternion], -1)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Products (..., 4) of quaternions: b turns first."""
    outer = a[..., :, None] * b[..., None, :]
    return outer.flatten(-2) @ _PRODUCT.to(outer)  # few calls: with tens of environments they cost, not the numbers


def conjugate(q: Tensor) -> Tensor:
    """Inverse rotations (..., 4)."""
    return torch.cat([-q[..., :3], q[..., 3:]], -1)


def rotate(q: Tensor, v: Tensor) -> Tensor:
    """Vectors (..., 3) turned by quaternions (..., 4)."""
    u = q[..., :3]
    t = 2 * torch.linalg.cross(u.expand_as(v) if u.shape != v.shape else u, v)
    return v + q[..., 3:] * t + torch.linalg.cross(u.expand_as(t) if u.shape != t.shape else u, t)


def rotation_vector(q: Tensor) -> Tensor:
    """Rotation vectors (..., 3) [rad] of quaternions; angles lie in [0, pi]."""
    q = torch.where(q[..., 3:] < 0, -q, q)
    norm = q[..., :3].norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(norm, q[..., 3:])
    return q[..., :3] * torch.where(norm > _TINY, angle / norm.clamp_min(_TINY), torch.full_like(norm, 2.0))


def quaternion(vector: Tensor) -> Tensor:
    """Quaternions (..., 4) of rotation vectors (..., 3) [rad]."""
    angle = vector.norm(dim=-1, keepdim=True)
    factor = torch.where(angle > _TINY, torch.sin(angle / 2) / angle.clamp_min(_TINY), torch.full_like(angle, 0.5))
    return torch.cat([vector * factor, torch.cos(angle / 2)], -1)


def compose(a: Tensor, b: Tensor) -> Tensor:
    """Poses T_a_c (..., 7) of T_a_b and T_b_c."""
    return torch.cat([a[..., :3] + rotate(a[..., 3:], b[..., :3]), multiply(a[..., 3:], b[..., 3:])], -1)


def inverse(pose: Tensor) -> Tensor:
    """Inverse poses (..., 7)."""
    turned = conjugate(pose[..., 3:])
    return torch.cat([-rotate(turned, pose[..., :3]), turned], -1)


def difference(to: Tensor, source: Tensor) -> Tensor:
    """Tangents (..., 6) that lead from `source` to `to`."""
    turn = rotation_vector(multiply(to[..., 3:], conjugate(source[..., 3:])))
    return torch.cat([to[..., :3] - source[..., :3], turn], -1)


def perturb(pose: Tensor, tangent: Tensor) -> Tensor:
    """Poses moved by tangents (..., 6), the inverse of `difference`; quaternions are normalised."""
    turned = multiply(quaternion(tangent[..., 3:]), pose[..., 3:])
    return torch.cat([pose[..., :3] + tangent[..., :3], turned / turned.norm(dim=-1, keepdim=True)], -1)


def interpolate(source: Tensor, to: Tensor, fraction: Tensor) -> Tensor:
    """Poses on the way from `source` (fraction 0) to `to` (fraction 1): translation linear, rotation about an axis."""
    return perturb(source, fraction[..., None] * difference(to, source))


def axes(q: Tensor) -> Tensor:
    """(..., 6) the first two columns of the rotation matrices: without jumps, unlike quaternions."""
    x, y, z, w = q.unbind(-1)
    first = [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)]
    second = [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)]
    return torch.stack([*first, *second], -1)
