"""Shading of rasterised triangles: textures laid on in the rest pose, one light, ambient light from above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.render import rasterize
from rhov_core.synth.textures import Texture

AMBIENT = 0.42
"""Share of the light that comes from everywhere."""


@dataclass(frozen=True)
class Part:
    """A textured mesh whose vertices move and whose texture sticks to its rest pose."""

    rest: FloatArray
    """(V, 3) vertices that the texture is laid on [m]."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    texture: Texture
    """(S, S, 3) linear colour."""
    repeats: float
    """Texture tiles per metre."""
    smooth: bool
    """Whether normals are interpolated between vertices."""


class Shader:
    """Draws some parts together in one image.

    Args:
        parts: In the order in which their vertices are given to `draw`.
        camera: Without distortion.
        light: (3,) direction in which the light travels, camera frame.
    """

    def __init__(self, parts: list[Part], camera: Camera, light: FloatArray) -> None:
        self._parts, self._camera = parts, camera
        self._light = np.asarray(light, np.float64) / np.linalg.norm(light)
        offsets = np.cumsum([0, *(len(part.rest) for part in parts)])
        self.faces = np.concatenate([p.faces + o for p, o in zip(parts, offsets, strict=False)]).astype(np.int32)
        self.part_of_face = np.repeat(np.arange(len(parts)), [len(p.faces) for p in parts])
        self._rest = np.concatenate([p.rest * p.repeats for p in parts])
        self._textures = np.stack([p.texture for p in parts])
        self._smooth = np.array([p.smooth for p in parts])

    def draw(self, vertices: list[FloatArray], image: NDArray[np.float32]) -> NDArray[np.int64]:
        """Draws the parts over an image (H, W, 3) of linear colour, in place.

        Args:
            vertices: (V, 3) of each part in the camera frame [m].
            image: Linear colour.

        Returns:
            (H, W) which part is seen, -1 for none.
        """
        points = np.concatenate(vertices)
        face_id, inverse_depth = rasterize(points[None], self.faces, self._camera)
        K = np.array([self._camera.fx, self._camera.fy, self._camera.cx, self._camera.cy])
        normals = _vertex_normals(points, self.faces)
        _shade(
            *(points, normals, self.faces, self._rest, self._textures, self.part_of_face, self._smooth),
            *(face_id[0], inverse_depth[0], K, self._light, image),
        )
        return np.where(face_id[0] >= 0, self.part_of_face[np.maximum(face_id[0], 0)], -1)


def _vertex_normals(points: FloatArray, faces: NDArray[np.int32]) -> FloatArray:
    a, b, c = (points[faces[:, i]] for i in range(3))
    normals = np.zeros_like(points)
    for i in range(3):
        np.add.at(normals, faces[:, i], np.cross(b - a, c - a))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)


@numba.njit(cache=True, fastmath=True)
def _sample(texture: Any, u: float, v: float, weight: float, color: Any) -> None:
    size = texture.shape[0]
    x, y = u * size, v * size
    i, j = int(np.floor(x)), int(np.floor(y))
    a, b = x - i, y - j
    i0, i1, j0, j1 = i % size, (i + 1) % size, j % size, (j + 1) % size
    for k in range(3):
        top = (1 - a) * texture[j0, i0, k] + a * texture[j0, i1, k]
        bottom = (1 - a) * texture[j1, i0, k] + a * texture[j1, i1, k]
        color[k] += weight * ((1 - b) * top + b * bottom)


@numba.njit(cache=True, fastmath=True)
def _shade(
    points: Any,
    normals: Any,
    faces: Any,
    rest: Any,
    textures: Any,
    part_of_face: Any,
    smooth: Any,
    face_id: Any,
    inverse_depth: Any,
    K: Any,
    light: Any,
    image: Any,
) -> None:
    color = np.empty(3)
    for y in range(face_id.shape[0]):
        for x in range(face_id.shape[1]):
            f = face_id[y, x]
            if f < 0:
                continue
            z = 1.0 / inverse_depth[y, x]
            p = np.array([(x - K[2]) / K[0] * z, (y - K[3]) / K[1] * z, z])
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            e1, e2, q = points[j] - points[i], points[k] - points[i], p - points[i]
            d11, d12, d22 = np.dot(e1, e1), np.dot(e1, e2), np.dot(e2, e2)
            scale = 1.0 / (d11 * d22 - d12 * d12 + 1e-30)
            b1 = (d22 * np.dot(q, e1) - d12 * np.dot(q, e2)) * scale
            b2 = (d11 * np.dot(q, e2) - d12 * np.dot(q, e1)) * scale
            b0 = 1.0 - b1 - b2
            part = part_of_face[f]
            normal = np.cross(e1, e2)
            if smooth[part]:
                normal = b0 * normals[i] + b1 * normals[j] + b2 * normals[k]
            normal /= np.sqrt(np.dot(normal, normal)) + 1e-20
            if np.dot(normal, p) > 0:
                normal = -normal
            r = b0 * rest[i] + b1 * rest[j] + b2 * rest[k]
            # the texture is projected along the axis that the face looks along most, in its rest pose
            side = np.abs(np.cross(rest[j] - rest[i], rest[k] - rest[i]))
            color[:] = 0.0
            if side[0] >= side[1] and side[0] >= side[2]:
                _sample(textures[part], r[1], r[2], 1.0, color)
            elif side[1] >= side[2]:
                _sample(textures[part], r[0], r[2], 1.0, color)
            else:
                _sample(textures[part], r[0], r[1], 1.0, color)
            direct = max(0.0, -np.dot(normal, light))
            sky = AMBIENT * (0.75 - 0.25 * normal[1])
            for c in range(3):
                image[y, x, c] = color[c] * (sky + (1.0 - AMBIENT) * 1.3 * direct)
