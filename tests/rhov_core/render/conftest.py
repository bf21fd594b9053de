"""An independent reference of the renderer: brute force, in torch, in double precision."""

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from rhov_core.camera import Camera


def cast_rays(vertices, faces, camera, near=1e-3):
    """Depth (H, W, F) of each face on the ray of each pixel, infinity where it is missed."""
    x, y = torch.meshgrid(torch.arange(camera.width), torch.arange(camera.height), indexing="xy")
    rays = torch.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, torch.ones_like(x)], -1).double()
    corners = vertices[faces]  # (F, 3, 3); weights w with sum_c w_c v_c = z ray
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    along = rays @ normal.T
    z = (normal * corners[:, 0]).sum(-1) / torch.where(along.abs() < 1e-12, torch.nan, along)
    points = rays[:, :, None] * z[..., None]
    inside = torch.ones_like(z, dtype=torch.bool)
    for c in range(3):
        a, b = corners[:, c], corners[:, (c + 1) % 3]
        inside &= (torch.linalg.cross((b - a).expand_as(points), points - a) * normal).sum(-1) >= 0
    return torch.where(inside & (z > near), z, torch.inf)


def reference_silhouette(vertices, faces, camera, covered):
    """Coverage (H, W) by the model that the renderer documents, differentiable by torch."""
    uv = vertices[:, :2] / vertices[:, 2:] * torch.tensor([camera.fx, camera.fy])
    uv = uv + torch.tensor([camera.cx, camera.cy])
    edges = {}
    for face in faces.tolist():
        for c in range(3):
            edges.setdefault(tuple(sorted((face[c], face[c - 2]))), []).append(face[c - 1])
    chosen = []
    for (i, j), opposite in edges.items():
        sides = [np.sign(np.linalg.det(vertices[[i, j, k]].detach().numpy())) for k in opposite]
        if len(sides) != 2 or sides[0] * sides[1] >= 0:
            chosen.append((i, j))
    out = covered.double()
    height, width = covered.shape
    for y in range(height):
        for x in range(width):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx >= width or y + dy >= height or covered[y, x] == covered[y + dy, x + dx]:
                    continue
                best = None
                for i, j in chosen:
                    (xi, yi), (xj, yj) = uv[i], uv[j]
                    steep = abs(yj - yi) >= abs(xj - xi)
                    if bool(steep) != bool(dx):
                        continue
                    along, a, b, c, d = (y, yi, yj, xi, xj) if dx else (x, xi, xj, yi, yj)
                    if (a - along) * (b - along) > 0 or a == b:
                        continue
                    place = c + (along - a) / (b - a) * (d - c) - (x if dx else y)
                    t = place if covered[y, x] else 1 - place
                    if 0 <= t <= 1 and (best is None or t > best):
                        best = t
                if best is not None:
                    full, empty = ((y, x), (y + dy, x + dx))[:: 1 if covered[y, x] else -1]
                    target = full if best < 0.5 else empty
                    change = torch.zeros_like(out)
                    change[target] = 1.0
                    out = out + change * (best - 0.5)
    return out.clamp(0.0, 1.0)


def mug():
    """A body with a handle: not convex, no symmetry."""
    body = trimesh.creation.cylinder(radius=0.04, height=0.1, sections=14)
    handle = trimesh.creation.torus(major_radius=0.03, minor_radius=0.007, major_sections=12, minor_sections=6)
    handle.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    handle.apply_translation([0.045, 0.0, 0.01])
    return trimesh.util.concatenate([body, handle])


@pytest.fixture(scope="session")
def reference():
    """The two functions of the reference."""

    class Reference:
        rays = staticmethod(cast_rays)
        silhouette = staticmethod(reference_silhouette)

    return Reference


@pytest.fixture(scope="session")
def views():
    """Vertices (B, V, 3) float32 in front of a camera, and faces, of a mesh seen from random sides."""

    def make(mesh, count, seed=0, distance=1.9):
        size = float(np.linalg.norm(mesh.extents))
        R = Rotation.random(count, random_state=seed).as_matrix()
        vertices = np.asarray(mesh.vertices) - mesh.bounds.mean(0)
        moved = np.einsum("bij,vj->bvi", R, vertices) + np.array([0, 0, distance * size])
        return moved.astype(np.float32), np.asarray(mesh.faces, np.int32)

    return make


@pytest.fixture(scope="session")
def mug_mesh():
    return mug()


@pytest.fixture
def camera():
    return Camera.from_focal(60.0, 40, 36)
