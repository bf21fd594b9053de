"""Meshes on pictures: translucent, shaded, outlined, and hiding one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.draw import OBJECT, Color
from rhov_core.render import rasterize

_AMBIENT = 0.45
"""Brightness of a face seen edge-on; 1 is a face seen from the front."""
_HIDDEN = 0.6
"""Opacity of an outline behind another surface."""


@dataclass(frozen=True)
class Surface:
    """A mesh and how it is drawn."""

    vertices: FloatArray
    """(V, 3) camera frame [m]."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    color: Color = OBJECT
    """BGR"""
    opacity: float = 0.4
    """0 leaves the picture as it is, 1 hides it."""
    outline: int = 2
    """Width of the outline [pixel]; 0 for none."""


def draw_surfaces(image: ByteArray, surfaces: Sequence[Surface], camera: Camera) -> ByteArray:
    """Draws meshes with hidden parts removed; outlines of hidden parts stay faintly visible.

    Args:
        image: (H, W, 3) BGR, without lens distortion.
        surfaces: Any number of meshes.
        camera: Of the image, without lens distortion.

    Raises:
        InputError: If shapes or indices do not fit, or the camera is distorted.
    """
    layers = []
    nearest = np.zeros(image.shape[:2], np.float32)
    for surface in surfaces:
        vertices = np.ascontiguousarray(surface.vertices, np.float32)
        face_id, inverse_depth = rasterize(vertices[None], surface.faces, camera)
        layers.append((surface, face_id[0], inverse_depth[0]))
        np.maximum(nearest, inverse_depth[0], out=nearest)
    x, y, width, height = cv2.boundingRect((nearest > 0).view(np.uint8))
    margin = 1 + max((surface.outline for surface in surfaces), default=0)
    part = slice(max(y - margin, 0), y + height + margin), slice(max(x - margin, 0), x + width + margin)
    picture, out = image[part].astype(np.float32), image.copy()
    for surface, face_id, inverse_depth in layers:
        seen = (face_id[part] >= 0) & (inverse_depth[part] >= nearest[part])
        shade = _brightness(surface)[face_id[part][seen]][:, None] * np.array(surface.color, np.float32)
        picture[seen] += surface.opacity * (shade - picture[seen])
    for surface, face_id, inverse_depth in layers:
        silhouette = face_id[part] >= 0
        hidden = silhouette & (inverse_depth[part] < nearest[part])
        _outline(picture, silhouette, hidden, surface)
    out[part] = np.clip(np.rint(picture), 0, 255)
    return out


def _brightness(surface: Surface) -> NDArray[np.float32]:
    """Brightness (F,) of the faces under a light at the camera."""
    a, b, c = (surface.vertices[surface.faces[:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    towards = -(a + b + c)
    size = np.linalg.norm(normal, axis=1) * np.linalg.norm(towards, axis=1)
    facing = np.abs((normal * towards).sum(axis=1)) / np.maximum(size, 1e-12)
    return (_AMBIENT + (1 - _AMBIENT) * facing).astype(np.float32)


def _outline(picture: NDArray[np.float32], silhouette: BoolArray, hidden: BoolArray, surface: Surface) -> None:
    if surface.outline == 0 or not silhouette.any():
        return
    contours, _ = cv2.findContours(silhouette.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    line = np.zeros(silhouette.shape, np.uint8)
    cv2.drawContours(line, contours, -1, (255,), surface.outline, cv2.LINE_AA)
    on = line > 0
    hidden = cv2.dilate(hidden.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    strength = (line[on] / np.float32(255)) * np.where(hidden[on], np.float32(_HIDDEN), np.float32(1))
    picture[on] += strength[:, None] * (np.array(surface.color, np.float32) - picture[on])
