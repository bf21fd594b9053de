"""The differentiable renderer in tensor operations alone, for devices other than the CPU.

It gives what `rasterizer` and `silhouette` give, up to rounding: every pixel is compared with every face, and every
silhouette edge with every row or column that it passes, without a loop over pixels. Gradients are those of the
formulas. There is no step that leaves the device, and no shape that depends on the data.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from rhov_core.camera import Camera
from rhov_core.render.rasterizer import NEAR

GRAZING = 0.02
"""Faces seen under a smaller cosine than this give no depth gradient: it would grow without bound."""
FACES_AT_ONCE = 32
"""Bounds the memory."""
_SLIVER = 1e-12


class TensorImages(NamedTuple):
    """B images of a mesh."""

    silhouette: torch.Tensor
    """(B, H, W) coverage, 0 to 1, differentiable."""
    depth: torch.Tensor
    """(B, H, W) [m], 0 where the mesh is not, differentiable."""
    face_id: torch.Tensor
    """(B, H, W) int32, -1 where the mesh is not."""


def render_tensors(vertices: torch.Tensor, faces: torch.Tensor, edges: torch.Tensor, camera: Camera) -> TensorImages:
    """Renders a mesh on the device of its vertices.

    Faces that reach behind the near plane are not drawn.

    Args:
        vertices: (B, V, 3) in the camera frame [m].
        faces: (F, 3) indices, on the same device.
        edges: (E, 4) from `mesh_edges`, on the same device.
        camera: Without distortion.
    """
    v = vertices.float()
    with torch.no_grad():
        face_id, inverse_depth = _rasterized(v, faces, camera)
    silhouette = _coverage(v, edges, camera, face_id >= 0)
    depth = _depths(v, faces, camera, face_id, inverse_depth)
    return TensorImages(silhouette.to(vertices.dtype), depth.to(vertices.dtype), face_id.int())


def _projected(v: torch.Tensor, camera: Camera) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Columns, rows (B, V) [pixel], and whether a vertex is in front of the near plane (B, V)."""
    front = v[..., 2] > NEAR
    z = torch.where(front, v[..., 2], torch.ones_like(v[..., 2]))
    return camera.fx * v[..., 0] / z + camera.cx, camera.fy * v[..., 1] / z + camera.cy, front


def _rasterized(v: torch.Tensor, faces: torch.Tensor, camera: Camera) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest face (B, H, W) at each pixel's centre, -1 for none, and its inverse depth."""
    x, y, front = _projected(v.double(), camera)
    w = torch.where(front, 1 / v[..., 2].double(), torch.zeros_like(x))
    rows = torch.arange(camera.height, dtype=x.dtype, device=x.device)[:, None]
    columns = torch.arange(camera.width, dtype=x.dtype, device=x.device)[None, :]
    shape = len(v), camera.height, camera.width
    nearest = torch.zeros(shape, dtype=torch.float32, device=v.device)
    face_id = torch.full(shape, -1, dtype=torch.int64, device=v.device)
    for start in range(0, len(faces), FACES_AT_ONCE):
        part = faces[start : start + FACES_AT_ONCE]
        depth = _inverse_depths(x[:, part], y[:, part], w[:, part], columns, rows)
        best, place = depth.max(1)
        nearer = best > nearest
        face_id = torch.where(nearer, place + start, face_id)
        nearest = torch.where(nearer, best, nearest)
    return face_id, nearest


def _inverse_depths(
    x: torch.Tensor, y: torch.Tensor, w: torch.Tensor, columns: torch.Tensor, rows: torch.Tensor
) -> torch.Tensor:
    """Inverse depths (B, f, H, W) at pixel centres of faces with corners (B, f, 3); 0 outside."""
    (x0, x1, x2), (y0, y1, y2), (w0, w1, w2) = (c[..., None, None].unbind(2) for c in (x, y, w))
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    usable = (area.abs() >= _SLIVER) & (torch.minimum(torch.minimum(w0, w1), w2) > 0)
    safe = torch.where(usable, area, torch.ones_like(area))
    one = ((x2 - x1) * (rows - y1) - (y2 - y1) * (columns - x1)) / safe
    two = ((x0 - x2) * (rows - y2) - (y0 - y2) * (columns - x2)) / safe
    three = 1 - one - two
    inside = usable & (one >= 0) & (two >= 0) & (three >= 0)
    depth = one * w0 + two * w1 + three * w2
    return torch.where(inside, depth, torch.zeros_like(depth)).float()


def _coverage(v: torch.Tensor, edges: torch.Tensor, camera: Camera, seen: torch.Tensor) -> torch.Tensor:
    """Antialiased silhouettes (B, H, W), as `rhov_core.render.silhouette` defines them."""
    x, y, front = _projected(v, camera)
    i, j = edges[:, 0].long(), edges[:, 1].long()
    on = _on_silhouette(v, edges) & front[:, i] & front[:, j]
    steep = (y[:, j] - y[:, i]).abs() >= (x[:, j] - x[:, i]).abs()
    out = seen.to(v.dtype)
    out = out + _shares(y[:, i], y[:, j], x[:, i], x[:, j], on & steep, seen)
    flat = _shares(x[:, i], x[:, j], y[:, i], y[:, j], on & ~steep, seen.transpose(1, 2))
    out = out + flat.transpose(1, 2)
    return out + (out.clamp(0, 1) - out).detach()  # the clamp has no gradient of its own


def _on_silhouette(v: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
    """(B, E) whether both faces of an edge lie on the same side of the plane through it and the camera."""
    p, q, first = (v.detach().double()[:, edges[:, k].long()] for k in range(3))
    other = v.detach().double()[:, edges[:, 3].clamp(min=0).long()]
    normal = torch.linalg.cross(p, q)
    sides = ((normal * (first - p)).sum(-1), (normal * (other - p)).sum(-1))
    return (sides[0] * sides[1] >= 0) | (edges[:, 3] < 0)


def _shares(
    a0: torch.Tensor, a1: torch.Tensor, c0: torch.Tensor, c1: torch.Tensor, on: torch.Tensor, seen: torch.Tensor
) -> torch.Tensor:
    """What the crossings of edges with the lines of an image add to its pixels' coverage (B, A, C).

    Args:
        a0: (B, E) where edges begin along the axis whose lines they cross [pixel].
        a1: (B, E) where they end.
        c0: (B, E) where they begin across it.
        c1: (B, E) where they end.
        on: (B, E) which edges count.
        seen: (B, A, C) which pixels are covered.
    """
    batch, lines, width = seen.shape
    line = torch.arange(lines, dtype=a0.dtype, device=a0.device)
    moving = a0 != a1
    span = torch.where(moving, a1 - a0, torch.ones_like(a0))
    u = (line - a0[..., None]) / span[..., None]
    across = c0[..., None] + u * (c1 - c0)[..., None]
    valid = (on & moving)[..., None] & (u >= 0) & (u <= 1) & (across >= 0) & (across <= width - 1)
    left = across.detach().floor().clamp(0, width - 2)
    covered = seen[:, :, :-1], seen[:, :, 1:]
    place = torch.where(valid, left, torch.zeros_like(left)).long()
    index = place + (torch.arange(lines, device=a0.device) * (width - 1))
    inside = covered[0].reshape(batch, -1).gather(1, index.reshape(batch, -1)).reshape(index.shape)
    t = torch.where(inside, across - left, left + 1 - across)
    # The outermost edge is the silhouette; pairs that no edge crosses keep a value that counts for nothing.
    t = torch.where(valid, t, torch.full_like(t, -1.0)).reshape(batch, -1)
    found = torch.full((batch, lines * (width - 1)), -1.0, dtype=t.dtype, device=t.device)
    found = found.scatter_reduce(1, index.reshape(batch, -1), t, "amax").reshape(batch, lines, width - 1)
    crossed = (found >= 0) & (covered[0] != covered[1])
    share = torch.where(crossed, found - 0.5, torch.zeros_like(found))
    to_left = covered[0] == (found < 0.5)
    zero = torch.zeros_like(share)
    pad = torch.zeros_like(share[:, :, :1])
    return torch.cat([torch.where(to_left, share, zero), pad], 2) + torch.cat(
        [pad, torch.where(to_left, zero, share)], 2
    )


def _depths(
    v: torch.Tensor, faces: torch.Tensor, camera: Camera, face_id: torch.Tensor, inverse_depth: torch.Tensor
) -> torch.Tensor:
    """Depth (B, H, W) of the face at each pixel's centre, differentiable by the face's corners."""
    seen = face_id >= 0
    corners = faces.long()[face_id.clamp(min=0)].reshape(len(v), -1)
    p = v.gather(1, corners[..., None].expand(-1, -1, 3)).reshape(*face_id.shape, 3, 3)
    normal = torch.linalg.cross(p[..., 1, :] - p[..., 0, :], p[..., 2, :] - p[..., 0, :])
    column = (torch.arange(camera.width, dtype=v.dtype, device=v.device) - camera.cx) / camera.fx
    row = (torch.arange(camera.height, dtype=v.dtype, device=v.device) - camera.cy) / camera.fy
    shape = camera.height, camera.width
    ray = torch.stack([column.expand(shape), row[:, None].expand(shape), torch.ones_like(column.expand(shape))], -1)
    along = (normal * ray).sum(-1)
    steep = along.detach().square() >= GRAZING**2 * normal.detach().square().sum(-1) * ray.square().sum(-1)
    safe = torch.where(seen & steep, along, torch.ones_like(along))
    value = torch.where(seen, 1 / inverse_depth.clamp(min=1e-9), torch.zeros_like(inverse_depth))
    z = (normal * p[..., 0, :]).sum(-1) / safe
    return value + torch.where(seen & steep, z - z.detach(), torch.zeros_like(z))
