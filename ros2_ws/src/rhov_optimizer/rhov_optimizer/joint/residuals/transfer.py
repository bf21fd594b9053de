"""Surface points seen in one frame and found again in another: the residual depends on both poses."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.pose import skew
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.residuals.tracks import Transfer
from rhov_optimizer.registration.jacobian import tukey
from rhov_optimizer.registration.points import TUKEY
from rhov_optimizer.registration.surface import SurfaceView

GRAZING = 0.2
"""Rays that meet the surface at a smaller cosine are dropped: their point moves too far for a small rotation."""


@dataclass(frozen=True)
class SurfacePoints:
    """Points of the surface under given pixels of a view, and how they slide over it when the pose changes."""

    points: FloatArray
    """(N, 3) in the mesh's frame [m]."""
    jacobian: FloatArray
    """(N, 3, 6) by a left perturbation [translation, rotation] of the view's pose, the pixel held."""
    usable: BoolArray
    """(N,) False where the ray misses the object or grazes it."""

    @classmethod
    def cast(cls, view: SurfaceView, pixels: FloatArray) -> SurfacePoints:
        """Intersects the rays of pixels (N, 2) with the faces that the view shows there."""
        points, cosines = view.unproject(pixels)
        usable = cosines > GRAZING
        R, K = view.T[:3, :3], view.camera.K
        column, row = np.rint(pixels).astype(np.int64).T - [[view.x0], [view.y0]]
        height, width = view.face_id.shape
        face = view.mesh.faces[view.face_id[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]]
        corners = view.mesh.vertices[face] @ R.T
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        rays = np.concatenate([(pixels - K[:2, 2]) / np.diag(K)[:2], np.ones((len(pixels), 1))], 1)
        along = np.where(usable, (normals * rays).sum(1), 1.0)
        # The point stays on its ray r and on its face n: d(R'X + t') = r dz with n . (r dz - dt - w x q) = 0.
        moved = np.concatenate([np.broadcast_to(np.eye(3), (len(pixels), 3, 3)), -skew(points @ R.T)], axis=2)
        slide = rays[:, :, None] * (normals / along[:, None])[:, None, :] - np.eye(3)
        return cls(points, R.T @ (slide @ moved), usable)

    def part(self, start: int, stop: int) -> SurfacePoints:
        """The points from `start` to before `stop`."""
        return SurfacePoints(self.points[start:stop], self.jacobian[start:stop], self.usable[start:stop])


def add_transfer(
    system: ClipSystem, transfer: Transfer, surface: SurfacePoints, T: FloatArray, K: FloatArray, kernel_scale: float
) -> None:
    """Adds the reprojection of one frame's surface points into another to the normal equations.

    Args:
        system: Receives them.
        transfer: The pixels in both frames.
        surface: The points under its source pixels, at the source frame's pose.
        T: (4, 4) the target frame's pose.
        K: (3, 3) intrinsic matrix [pixel].
        kernel_scale: What the width of the robust kernel is multiplied with.
    """
    H, g = np.zeros((3, 6, 6)), np.zeros((2, 6))
    cutoff, weight = TUKEY * transfer.sigma * kernel_scale, transfer.weight / transfer.sigma**2
    pixels = np.ascontiguousarray(transfer.target_pixels)
    _accumulate(surface.points, surface.jacobian, surface.usable, pixels, T, K, cutoff, weight, H, g)
    system.add(transfer.source, H[0], g[0])
    system.add(transfer.target, H[1], g[1])
    system.couple(transfer.source, transfer.target, H[2])


@numba.njit(cache=True)
def _accumulate(points, jacobian, usable, pixels, T, K, cutoff, weight, H, g):  # type: ignore[no-untyped-def]
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    R = np.ascontiguousarray(T[:3, :3])
    own, other = np.empty((2, 6)), np.empty((2, 6))
    D = np.zeros((2, 3))
    residual = np.empty(2)
    for n in range(points.shape[0]):
        if not usable[n]:
            continue
        q = R @ points[n]
        z = q[2] + T[2, 3]
        if z <= 1e-6:
            continue
        x, y = (q[0] + T[0, 3]) / z, (q[1] + T[1, 3]) / z
        residual[0], residual[1] = fx * x + cx - pixels[n, 0], fy * y + cy - pixels[n, 1]
        distance = np.sqrt(residual[0] ** 2 + residual[1] ** 2)
        w = weight * tukey(distance, cutoff)
        if w <= 0.0:
            continue
        D[0, 0], D[0, 2], D[1, 1], D[1, 2] = fx / z, -fx * x / z, fy / z, -fy * y / z
        for a in range(2):
            for i in range(3):
                own[a, i] = D[a, i]
            own[a, 3] = q[1] * D[a, 2] - q[2] * D[a, 1]
            own[a, 4] = q[2] * D[a, 0] - q[0] * D[a, 2]
            own[a, 5] = q[0] * D[a, 1] - q[1] * D[a, 0]
        other[:] = D @ R @ jacobian[n]
        for a in range(2):
            for i in range(6):
                g[0, i] += w * other[a, i] * residual[a]
                g[1, i] += w * own[a, i] * residual[a]
                for j in range(6):
                    H[0, i, j] += w * other[a, i] * other[a, j]
                    H[1, i, j] += w * own[a, i] * own[a, j]
                    H[2, i, j] += w * other[a, i] * own[a, j]
