"""Fisheye pictures as an upright pinhole camera would have taken them.

The sensors of Aria and Quest 3 are mounted sideways; the toolkit of HOT3D shows their pictures turned clockwise by a
quarter (hot3d/clips/vis_clips.py). The pinhole camera looks along the fisheye's optical axis, turned that way, with its
focal length, principal point and number of pixels, as the toolkit's `convert_to_pinhole_camera` has them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.fisheye import FisheyeCamera
from rhov_core.pose import make_transform

T_UPRIGHT_SENSOR: Final = make_transform([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], np.zeros(3))
"""From the frame of the sensor to that of the upright camera."""
_OUTSIDE = -2.0


def upright_pinhole(fisheye: FisheyeCamera) -> Camera:
    """The camera of the rectified pictures."""
    (fx, fy), (cx, cy) = fisheye.focal, fisheye.centre
    K = np.array([[fy, 0, fisheye.height - 1 - cy], [0, fx, cx], [0, 0, 1]])
    return Camera(K, fisheye.height, fisheye.width)


def rectify(image: NDArray[Any], fisheye: FisheyeCamera, pinhole: Camera, *, nearest: bool = False) -> NDArray[Any]:
    """The picture (H, W[, C]) as the pinhole camera sees it; black where the fisheye camera does not look.

    Args:
        image: The fisheye picture.
        fisheye: The camera that took it.
        pinhole: That of the rectified picture, see `upright_pinhole`.
        nearest: Whether values are taken as they are, as masks need it, and not interpolated.
    """
    K = pinhole.K
    columns, rows = _map(fisheye, (K[0, 0], K[1, 1], K[0, 2], K[1, 2]), (pinhole.width, pinhole.height))
    return cv2.remap(image, columns, rows, cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)


@lru_cache(maxsize=2)
def _map(
    fisheye: FisheyeCamera, intrinsics: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row (H, W) in the fisheye picture of each pixel of the pinhole camera."""
    fx, fy, cx, cy = intrinsics
    u, v = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    rays: FloatArray = np.stack([(u - cx) / fx, (v - cy) / fy, np.ones(u.shape)], axis=-1)
    pixels = np.nan_to_num(fisheye.project(rays @ T_UPRIGHT_SENSOR[:3, :3]), nan=_OUTSIDE).astype(np.float32)
    return np.ascontiguousarray(pixels[..., 0]), np.ascontiguousarray(pixels[..., 1])
