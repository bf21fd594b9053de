"""Draws meshes and planes with textures, lights with soft shadows, and light from everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.render import rasterize
from rhov_core.synth.drawn import Light, Part, Plane
from rhov_core.synth.shade_pixels import shade_pixels
from rhov_core.synth.surface_normals import group_normals, normal_groups

SHADOW_SIZE = 1024
"""Side of a shadow map [pixel]."""


class Shader:
    """Draws some parts together in one image.

    Args:
        parts: In the order in which their vertices are given to `draw`.
        planes: Behind and under them; they cast no shadows.
        lights: At least one.
        ambient: (2, 3) light from above and from below.
        up: (3,) unit vector against gravity, camera frame.
        camera: Without distortion.
    """

    def __init__(
        self,
        parts: list[Part],
        planes: list[Plane],
        lights: list[Light],
        ambient: FloatArray,
        up: FloatArray,
        camera: Camera,
    ) -> None:
        self.camera = camera
        counts = [len(part.rest) for part in parts]
        offsets = np.cumsum([0, *counts[:-1]])
        self.faces = np.concatenate([p.faces + o for p, o in zip(parts, offsets, strict=True)]).astype(np.int32)
        self.part_of_face = np.repeat(np.arange(len(parts)), [len(p.faces) for p in parts])
        groups, used = [], 0
        for part in parts:
            groups.append(normal_groups(part.rest, part.faces, part.surface.crease) + used)
            used = int(groups[-1].max()) + 1
        self._groups, self._group_count = np.concatenate(groups), used
        surfaces = [p.surface for p in parts] + [p.surface for p in planes]
        self._textures = np.stack([surface.texture for surface in surfaces])
        self._look = np.array([[s.repeats, s.roughness, s.specular, s.wrap] for s in surfaces])
        self._rest = np.concatenate([p.rest * p.surface.repeats for p in parts])
        self._color = np.concatenate([np.ones_like(p.rest) if p.color is None else p.color for p in parts])
        self._planes = np.stack([_plane_row(plane) for plane in planes])
        self._ambient, self._up = np.asarray(ambient, np.float64), np.asarray(up, np.float64)
        self._shadows = _Shadows(lights)

    def light_up(self, vertices: list[FloatArray]) -> None:
        """Computes the shadows that parts with vertices (V, 3) in the camera frame [m] cast, for the next `draw`s."""
        self._shadows.cast(np.concatenate(vertices), self.faces)

    def draw(self, vertices: list[FloatArray], image: NDArray[np.float32], shift: tuple[float, float]) -> None:
        """Adds a picture of the parts to an image (H, W, 3) of linear colour, in place.

        Args:
            vertices: (V, 3) of each part in the camera frame [m].
            image: Linear colour.
            shift: Of the picture to the right and down, for antialiasing [pixel].
        """
        points = np.concatenate(vertices)
        K = self.camera.K.copy()
        K[:2, 2] += shift
        face_id, inverse_depth = rasterize(points[None], self.faces, Camera(K, self.camera.width, self.camera.height))
        normals = group_normals(points, self.faces, self._groups, self._group_count)
        shade_pixels(
            *(points, normals, self.faces, self._groups, self._rest, self._color, self.part_of_face),
            *(self._textures, self._look, self._planes, face_id[0], inverse_depth[0]),
            np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2]]),
            *(self._shadows.lights, self._shadows.frames, self._shadows.maps, self._ambient, self._up, image),
        )


def _plane_row(plane: Plane) -> FloatArray:
    """(17,) normal and offset, the two axes with their offsets, half sides."""
    R, origin = plane.T_camera_plane[:3, :3], plane.T_camera_plane[:3, 3]
    rows = [np.append(R[:, i], -R[:, i] @ origin) for i in (2, 0, 1)]
    return np.concatenate([*rows, plane.half])


class _Shadows:
    """A depth image from each light."""

    def __init__(self, lights: list[Light]) -> None:
        self.lights = np.stack([np.append([*light.position, *light.color], light.radius) for light in lights])
        self.frames = np.zeros((len(lights), 15))
        """Of each light: R_light_camera, translation, focal length and principal point."""
        self.maps = np.zeros((len(lights), SHADOW_SIZE, SHADOW_SIZE), np.float32)

    def cast(self, points: FloatArray, faces: NDArray[np.int32]) -> None:
        middle = (points.max(0) + points.min(0)) / 2
        for i, light in enumerate(self.lights):
            forward = middle - light[:3]
            forward /= np.linalg.norm(forward)
            side = np.cross(forward, [0.31, 0.2, 0.93])
            side /= np.linalg.norm(side)
            R = np.stack([side, np.cross(forward, side), forward])
            seen = (points - light[:3]) @ R.T
            slope = seen[:, :2] / np.maximum(seen[:, 2:], 0.05)
            low, high = slope.min(0), slope.max(0)
            focal = SHADOW_SIZE / (float((high - low).max()) * 1.04)
            cx, cy = SHADOW_SIZE / 2 - focal * (low + high) / 2
            K = np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1]])
            _, self.maps[i] = (a[0] for a in rasterize(seen[None], faces, Camera(K, SHADOW_SIZE, SHADOW_SIZE)))
            self.frames[i] = [*R.ravel(), *(-R @ light[:3]), focal, cx, cy]
