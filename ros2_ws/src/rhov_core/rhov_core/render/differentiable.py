"""Silhouettes and depth images of meshes with gradients with respect to the vertices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from rhov_core.camera import Camera
from rhov_core.render.edges import mesh_edges
from rhov_core.render.rasterizer import checked_faces, rasterize_trusted, require_pinhole
from rhov_core.render.silhouette import coverage, find_crossings

GRAZING = 0.02
"""Faces seen under a smaller cosine than this give no depth gradient: it would grow without bound."""


class Rendered(NamedTuple):
    """B images of a mesh."""

    silhouette: torch.Tensor
    """(B, H, W) antialiased coverage, 0 to 1, differentiable."""
    depth: torch.Tensor
    """(B, H, W) depth at pixel centres [m], 0 where the mesh is not, differentiable."""
    face_id: torch.Tensor
    """(B, H, W) int32, -1 where the mesh is not."""


def render(vertices: torch.Tensor, faces: torch.Tensor | ArrayLike, camera: Camera) -> Rendered:
    """Renders a mesh, differentiably with respect to its vertices.

    The silhouette's gradient is that of the area covered: it lives in the pixels that the silhouette passes. The
    depth's gradient is that of the face at each pixel's centre; which face that is has no gradient. Nothing that
    covers no pixel centre is seen. Computed on the CPU in single precision, whatever the device and type.

    Args:
        vertices: (B, V, 3) in the camera frame [m].
        faces: (F, 3) indices of vertices; the winding does not matter.
        camera: Without distortion. For a region of the image pass `camera.cropped(...)`.

    Raises:
        InputError: If shapes or indices do not fit, or the camera is distorted.
    """
    f = checked_faces(faces.cpu().numpy() if isinstance(faces, torch.Tensor) else faces, tuple(vertices.shape))
    require_pinhole(camera)
    return Rendered(*_Render.apply(vertices, f, camera))


class _Render(torch.autograd.Function):
    """The rasteriser's forward and backward pass in one node."""

    @staticmethod
    def forward(ctx: Any, vertices: torch.Tensor, faces: NDArray[np.int32], camera: Camera) -> tuple[Any, ...]:
        v = np.ascontiguousarray(vertices.detach().cpu().numpy(), np.float32)
        face_id, inverse_depth = rasterize_trusted(v, faces, camera)
        crossings = find_crossings(v, mesh_edges(faces), camera, face_id)
        silhouette = coverage(face_id, crossings)
        depth = np.zeros_like(inverse_depth)
        np.divide(1.0, inverse_depth, out=depth, where=face_id >= 0)
        ctx.state = v, faces, camera, face_id, crossings
        out = torch.from_numpy(silhouette).to(vertices), torch.from_numpy(depth).to(vertices)
        seen = torch.from_numpy(face_id).to(vertices.device)
        ctx.mark_non_differentiable(seen)
        ctx.set_materialize_grads(False)
        return *out, seen

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> tuple[torch.Tensor | None, None, None]:
        vertices, faces, camera, face_id, crossings = ctx.state
        of_silhouette, of_depth = gradients[:2]
        out = np.zeros(vertices.shape)
        given = of_silhouette if of_silhouette is not None else of_depth
        if given is None:
            return None, None, None
        if of_silhouette is not None:
            g = np.ascontiguousarray(of_silhouette.cpu().numpy(), np.float32).reshape(-1)
            _silhouette_gradient(vertices, camera.fx, camera.fy, crossings, face_id[0].size, g, out)
        if of_depth is not None:
            g = np.ascontiguousarray(of_depth.cpu().numpy(), np.float32)
            _depth_gradient(vertices, faces, camera.fx, camera.fy, camera.cx, camera.cy, face_id, g, GRAZING, out)
        return torch.from_numpy(out).to(given), None, None


@numba.njit(cache=True, nogil=True)
def _silhouette_gradient(
    vertices: Any, fx: float, fy: float, crossings: Any, image_size: int, gradient: Any, out: Any
) -> None:
    ends, pixels, direction, fraction = crossings
    for m in range(ends.shape[0]):
        t, u = fraction[m, 0], fraction[m, 1]
        g = float(gradient[pixels[m, 0] if t < 0.5 else pixels[m, 1]]) * (direction[m, 0] + direction[m, 1])
        if g == 0.0:
            continue
        b, i, j = pixels[m, 0] // image_size, ends[m, 0], ends[m, 1]
        xi, yi, zi = float(vertices[b, i, 0]), float(vertices[b, i, 1]), float(vertices[b, i, 2])
        xj, yj, zj = float(vertices[b, j, 0]), float(vertices[b, j, 1]), float(vertices[b, j, 2])
        dx, dy = fx * (xj / zj - xi / zi), fy * (yj / zj - yi / zi)
        # The crossing moves with the edge's ends across (weights 1 - u and u) and along the pixel row or column.
        if direction[m, 0] != 0:
            gx, gy = g, -g * dx / dy
        else:
            gx, gy = -g * dy / dx, g
        for n in range(2):
            k, w, x, y, z = (i, 1.0 - u, xi, yi, zi) if n == 0 else (j, u, xj, yj, zj)
            out[b, k, 0] += w * gx * fx / z
            out[b, k, 1] += w * gy * fy / z
            out[b, k, 2] -= w * (gx * fx * x + gy * fy * y) / (z * z)


@numba.njit(cache=True, nogil=True)
def _depth_gradient(
    vertices: Any,
    faces: Any,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    face_id: Any,
    gradient: Any,
    grazing: float,
    out: Any,
) -> None:
    """The plane of a face has z = (n . v0) / (n . r) on the ray r; corner c moves it by weight_c n / (n . r)."""
    batch, height, width = face_id.shape
    for b in range(batch):
        v = vertices[b]
        for y in range(height):
            for x in range(width):
                k, g = face_id[b, y, x], float(gradient[b, y, x])
                if k < 0 or g == 0.0:
                    continue
                h, i, j = faces[k, 0], faces[k, 1], faces[k, 2]
                x0, y0, z0 = float(v[h, 0]), float(v[h, 1]), float(v[h, 2])
                ax, ay, az = v[i, 0] - x0, v[i, 1] - y0, v[i, 2] - z0
                bx, by, bz = v[j, 0] - x0, v[j, 1] - y0, v[j, 2] - z0
                nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
                rx, ry = (x - cx) / fx, (y - cy) / fy
                nn, along = nx * nx + ny * ny + nz * nz, nx * rx + ny * ry + nz
                if along * along < grazing * grazing * nn * (rx * rx + ry * ry + 1.0) or nn == 0.0:
                    continue
                z = (nx * x0 + ny * y0 + nz * z0) / along
                hx, hy, hz = rx * z - x0, ry * z - y0, z - z0
                w2 = (nx * (ay * hz - az * hy) + ny * (az * hx - ax * hz) + nz * (ax * hy - ay * hx)) / nn
                w1 = (nx * (hy * bz - hz * by) + ny * (hz * bx - hx * bz) + nz * (hx * by - hy * bx)) / nn
                s = g / along
                for corner in range(3):
                    c, w = (h, 1.0 - w1 - w2) if corner == 0 else ((i, w1) if corner == 1 else (j, w2))
                    out[b, c, 0] += s * w * nx
                    out[b, c, 1] += s * w * ny
                    out[b, c, 2] += s * w * nz
