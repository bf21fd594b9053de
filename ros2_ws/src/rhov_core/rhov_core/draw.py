"""Drawing estimates on images, for people. Functions return a new image and leave theirs alone; colours are BGR."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.pose import transform_points

Color = tuple[int, int, int]

OBJECT: Color = (80, 200, 60)
HAND: Color = (200, 190, 250)
LOST: Color = (60, 60, 230)
AXES: tuple[Color, Color, Color] = ((60, 60, 230), (60, 200, 60), (230, 120, 40))
"""x red, y green, z blue."""
FINGERS: tuple[Color, ...] = ((60, 160, 255), (80, 220, 255), (120, 230, 120), (235, 190, 70), (230, 110, 200))
"""Thumb, index, middle, ring, little."""
_SHIFT = 4
"""Fractional bits of OpenCV's drawing coordinates."""


def draw_axes(image: ByteArray, camera: Camera, T_camera_object: ArrayLike, length: float) -> ByteArray:
    """Draws the axes of a frame on an image (H, W, 3).

    Args:
        image: BGR.
        camera: Of the image.
        T_camera_object: (4, 4).
        length: Of the axes [m].
    """
    out = image.copy()
    points = np.concatenate([np.zeros((1, 3)), length * np.eye(3)])
    pixels = camera.project(transform_points(T_camera_object, points))
    for end, color in zip(pixels[1:], AXES, strict=True):
        _line(out, pixels[0], end, color, 2)
    return out


def draw_hand(image: ByteArray, camera: Camera, joints: ArrayLike) -> ByteArray:
    """Draws the skeleton of a hand, joints (21, 3) in the camera frame [m], on an image (H, W, 3)."""
    out = image.copy()
    pixels = camera.project(joints)
    for finger, color in enumerate(FINGERS):
        chain = [0, *range(1 + 4 * finger, 5 + 4 * finger)]
        for a, b in pairwise(chain):
            _line(out, pixels[a], pixels[b], color, 2)
    for index, pixel in enumerate(pixels):
        color = (255, 255, 255) if index == 0 else FINGERS[(index - 1) // 4]
        _dot(out, pixel, color)
    return out


def write_line(image: ByteArray, text: str, color: Color = (255, 255, 255)) -> ByteArray:
    """Writes a line of text on a dark band at the top left of an image (H, W, 3)."""
    out = image.copy()
    size = max(0.45, image.shape[1] / 1280)
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    band = out[: height + base + 10, : width + 16]
    band[:] = (band * 0.35).astype(np.uint8)
    cv2.putText(out, text, (8, height + 5), cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)
    return out


def _line(image: ByteArray, a: FloatArray, b: FloatArray, color: Color, width: int) -> None:
    if np.isfinite([a, b]).all() and np.abs([a, b]).max() < 1e4:
        cv2.line(image, _fixed(a), _fixed(b), color, width, cv2.LINE_AA, _SHIFT)


def _dot(image: ByteArray, pixel: FloatArray, color: Color) -> None:
    if np.isfinite(pixel).all() and np.abs(pixel).max() < 1e4:
        cv2.circle(image, _fixed(pixel), 3 << _SHIFT, (40, 40, 40), -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(image, _fixed(pixel), 2 << _SHIFT, color, -1, cv2.LINE_AA, _SHIFT)


def _fixed(pixel: FloatArray) -> tuple[int, int]:
    return round(pixel[0] * (1 << _SHIFT)), round(pixel[1] * (1 << _SHIFT))
