"""Exact truth about a frame: who covers which pixel, how far, and where each point goes next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.render import rasterize
from rhov_core.synth.actors import HAND, OBJECT
from rhov_core.synth.drawn import Plane

TRACK_STEP = 4
"""Points are followed from every fourth pixel of every fourth row."""
_SAME_POINT = 0.003
"""A point whose depth differs by less from what its pixel sees is visible [m]."""


@dataclass(frozen=True)
class FrameTruth:
    """What one un-blurred picture shows at the middle of the exposure."""

    part: NDArray[np.int8]
    """(H, W) number of the part that is seen, -1 for table and room."""
    face: NDArray[np.int32]
    """(H, W) face of that part."""
    depth: NDArray[np.float32]
    """(H, W) [m]"""
    full_object: BoolArray
    """(H, W) where the object would be seen if nothing was before it."""
    full_hand: BoolArray
    """(H, W) where the hand would be seen, without arm and sleeve."""

    @property
    def visible_object(self) -> BoolArray:
        """(H, W)"""
        return self.part == OBJECT

    @property
    def visible_hand(self) -> BoolArray:
        """(H, W) without arm and sleeve."""
        return self.part == HAND

    @property
    def occlusion(self) -> float:
        """Share of the object in the picture that is hidden, 0 to 1."""
        whole = int(self.full_object.sum())
        return 1 - float((self.visible_object & self.full_object).sum()) / whole if whole else 1.0


class TruthCamera:
    """Looks at parts without blur and antialiasing.

    Args:
        camera: Without distortion.
        faces: (F, 3) of every part, object and hand first.
        planes: Behind and under them.
    """

    def __init__(self, camera: Camera, faces: list[NDArray[np.int32]], planes: list[Plane]) -> None:
        self._camera, self._part_faces = camera, faces
        self._first = np.cumsum([0, *(len(f) for f in faces)])
        self._background = background_depth(camera, planes)

    def look(self, vertices: list[FloatArray]) -> FrameTruth:
        """The truth of a frame, of vertices (V, 3) of every part in the camera frame [m]."""
        offsets = np.cumsum([0, *(len(v) for v in vertices[:-1])])
        faces = np.concatenate([f + o for f, o in zip(self._part_faces, offsets, strict=True)]).astype(np.int32)
        face_id, inverse_depth = (a[0] for a in rasterize(np.concatenate(vertices)[None], faces, self._camera))
        hit = (face_id >= 0) & (inverse_depth * self._background > 1)
        part = np.searchsorted(self._first, face_id, side="right") - 1
        depth = np.where(hit, 1 / np.maximum(inverse_depth, 1e-9), self._background)
        alone = [rasterize(vertices[k][None], self._part_faces[k], self._camera)[0][0] >= 0 for k in (OBJECT, HAND)]
        return FrameTruth(
            np.where(hit, part, -1).astype(np.int8),
            np.where(hit, face_id - self._first[part], -1).astype(np.int32),
            np.where(np.isfinite(depth), depth, 0).astype(np.float32),
            *alone,
        )

    def tracks(
        self, before: FrameTruth, vertices: list[FloatArray], after: FrameTruth, moved: list[FloatArray]
    ) -> NDArray[np.float32]:
        """Where points of object and hand go that both frames show.

        Args:
            before: A frame ...
            vertices: ... and (V, 3) of every part in it, camera frame [m].
            after: The next frame ...
            moved: ... and its vertices.

        Returns:
            (M, 4) u, v in the first frame, u, v in the second [pixel].
        """
        camera, found = self._camera, []
        for part in (OBJECT, HAND):
            rows, columns = np.nonzero(before.part[::TRACK_STEP, ::TRACK_STEP] == part)
            pixels = np.stack([columns, rows], axis=1) * TRACK_STEP
            triangle = self._part_faces[part][before.face[pixels[:, 1], pixels[:, 0]]]
            weights = _barycentric(vertices[part][triangle], _rays(camera, pixels))
            points = (moved[part][triangle] * weights[..., None]).sum(1)
            target = camera.project(points)
            found.append((pixels, target, points[:, 2], np.full(len(pixels), part)))
        source, target, depth, part_of = (np.concatenate(column) for column in zip(*found, strict=True))
        x, y = np.rint(np.nan_to_num(target, nan=-1.0)).astype(np.int64).T
        inside = (x >= 0) & (y >= 0) & (x < camera.width) & (y < camera.height)
        x, y = np.where(inside, x, 0), np.where(inside, y, 0)
        seen = inside & (after.part[y, x] == part_of) & (np.abs(after.depth[y, x] - depth) < _SAME_POINT)
        return np.concatenate([source[seen], target[seen]], axis=1).astype(np.float32)


def background_depth(camera: Camera, planes: list[Plane]) -> NDArray[np.float32]:
    """Depth (H, W) of the nearest plane [m], infinite where there is none."""
    columns, rows = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    rays = _rays(camera, np.stack([columns, rows], axis=-1))
    nearest = np.full(columns.shape, np.inf)
    for plane in planes:
        R, origin = plane.T_camera_plane[:3, :3], plane.T_camera_plane[:3, 3]
        towards = rays @ R[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(towards < -1e-6, (R[:, 2] @ origin) / towards, np.inf)
            on_plane = (rays * depth[..., None] - origin) @ R[:, :2]
            inside = (np.abs(on_plane) <= plane.half).all(-1) & (depth > 0)
        nearest = np.where(inside, np.minimum(nearest, depth), nearest)
    return nearest.astype(np.float32)


def _rays(camera: Camera, pixels: NDArray[np.int64]) -> FloatArray:
    """Viewing rays (..., 3) with z = 1 of pixels (..., 2) of a camera without distortion."""
    slopes = (pixels - camera.K[:2, 2]) / [camera.fx, camera.fy]
    return np.concatenate([slopes, np.ones((*slopes.shape[:-1], 1))], axis=-1)


def _barycentric(corners: FloatArray, rays: FloatArray) -> FloatArray:
    """Weights (N, 3) of the corners (N, 3, 3) where rays (N, 3) from the origin meet their planes."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    points = rays * ((normal * a).sum(1) / (normal * rays).sum(1))[:, None]
    area = (normal * normal).sum(1)
    second = (np.cross(points - a, c - a) * normal).sum(1) / area
    third = (np.cross(b - a, points - a) * normal).sum(1) / area
    return np.stack([1 - second - third, second, third], axis=1)
