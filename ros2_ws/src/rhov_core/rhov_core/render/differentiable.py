"""Silhouettes and depth images of meshes with gradients with respect to the vertices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from rhov_core.camera import Camera
from rhov_core.device import stays_on_device
from rhov_core.render.edges import mesh_edges
from rhov_core.render.rasterizer import checked_faces, rasterize_trusted, require_pinhole
from rhov_core.render.silhouette import coverage, find_crossings
from rhov_core.render.tensors import GRAZING, render_tensors


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
    covers no pixel centre is seen. Computed in single precision, on the device of the vertices: by compiled loops on
    the CPU, by tensor operations elsewhere.

    Args:
        vertices: (B, V, 3) in the camera frame [m].
        faces: (F, 3) indices of vertices; the winding does not matter.
        camera: Without distortion. For a region of the image pass `camera.cropped(...)`.

    Raises:
        InputError: If shapes or indices do not fit, or the camera is distorted.
    """
    f = checked_faces(faces.cpu().numpy() if isinstance(faces, torch.Tensor) else faces, tuple(vertices.shape))
    require_pinhole(camera)
    if stays_on_device(vertices):
        given, edges = (torch.from_numpy(a.copy()).to(vertices.device) for a in (f, mesh_edges(f)))
        return Rendered(*render_tensors(vertices, given, edges, camera))
    return Rendered(*_Render.apply(vertices, f, camera))


class _Render(torch.autograd.Function):
    """The rasteriser's forward and backward pass in one node."""

    @staticmethod
    def forward(ctx: Any, vertices: torch.Tensor, faces: NDArray[np.int32], camera: Camera) -> tuple[Any, ...]:
        v = np.ascontiguousarray(vertices.detach().cpu().numpy(), np.float32)
        face_id, inverse_depth = rasterize_trusted(v, faces, camera)
        crossings = find_crossings(v, mesh_edges(faces), camera, face_id)
        silhouette = coverage(face_id, crossings)
        depth = inverse_depth
        _invert(depth.reshape(-1))
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
            _depth_gradient(vertices, faces, camera.fx, camera.fy, camera.cx, camera.cy, face_id, g, out)
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
def _invert(values: Any) -> None:
    for n in range(values.size):
        if values[n] > 0.0:
            values[n] = np.float32(1.0) / values[n]


@numba.njit(cache=True, nogil=True)
def _depth_gradient(
    vertices: Any, faces: Any, fx: float, fy: float, cx: float, cy: float, face_id: Any, gradient: Any, out: Any
) -> None:
    """The plane of a face has z = (n . v0) / (n . r) on the ray r; corner c moves it by weight_c n / (n . r)."""
    batch, height, width = face_id.shape
    planes, weights = np.empty((faces.shape[0], 13)), np.empty((faces.shape[0], 3))
    for b in range(batch):
        _plane_equations(vertices[b], faces, planes)
        weights[:] = 0.0
        for y in range(height):
            ry = (y - cy) / fy
            for x in range(width):
                k, g = face_id[b, y, x], gradient[b, y, x]
                if k < 0 or g == 0.0:
                    continue
                p, rx = planes[k], (x - cx) / fx
                along = p[0] * rx + p[1] * ry + p[2]
                if along * along < p[12] * (rx * rx + ry * ry + 1.0):
                    continue
                z, s = p[3] / along, g / along
                w1 = z * (p[4] * rx + p[5] * ry + p[6]) - p[7]
                w2 = z * (p[8] * rx + p[9] * ry + p[10]) - p[11]
                weights[k, 0] += s * (1.0 - w1 - w2)
                weights[k, 1] += s * w1
                weights[k, 2] += s * w2
        for k in range(faces.shape[0]):
            for corner in range(3):
                w = weights[k, corner]
                if w != 0.0:
                    for d in range(3):
                        out[b, faces[k, corner], d] += w * planes[k, d]


@numba.njit(cache=True, nogil=True)
def _plane_equations(v: Any, faces: Any, planes: Any) -> None:
    """For each face: n, n . v0, and for corners 1 and 2 (m, m . v0) so that m . p - m . v0 is p's weight of it."""
    for k in range(faces.shape[0]):
        h, i, j = faces[k, 0], faces[k, 1], faces[k, 2]
        x0, y0, z0 = float(v[h, 0]), float(v[h, 1]), float(v[h, 2])
        ax, ay, az = v[i, 0] - x0, v[i, 1] - y0, v[i, 2] - z0
        bx, by, bz = v[j, 0] - x0, v[j, 1] - y0, v[j, 2] - z0
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        nn = max(nx * nx + ny * ny + nz * nz, 1e-60)
        p = planes[k]
        p[0], p[1], p[2], p[3] = nx, ny, nz, nx * x0 + ny * y0 + nz * z0
        p[4], p[5], p[6] = (by * nz - bz * ny) / nn, (bz * nx - bx * nz) / nn, (bx * ny - by * nx) / nn
        p[7] = p[4] * x0 + p[5] * y0 + p[6] * z0
        p[8], p[9], p[10] = (ny * az - nz * ay) / nn, (nz * ax - nx * az) / nn, (nx * ay - ny * ax) / nn
        p[11] = p[8] * x0 + p[9] * y0 + p[10] * z0
        p[12] = GRAZING * GRAZING * nn
