"""Where the hand is in the image."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.hand import KEYPOINT_BONES
from rhov_core.render import rasterize

_PALM = [0, 1, 5, 9, 13, 17]
_FINGER_WIDTH = 0.16
"""Width of a finger as a fraction of the distance from the wrist to the base of the middle finger."""


def rendered_mask(vertices: FloatArray, faces: np.ndarray, camera: Camera, margin: float) -> BoolArray:
    """Mask (H, W) of a fitted hand.

    Args:
        vertices: (V, 3) in the camera frame [m].
        faces: (F, 3).
        camera: Without distortion.
        margin: How far the mask reaches beyond the hand [m].
    """
    mask = np.zeros((camera.height, camera.width), np.uint8)
    depth = float(np.median(vertices[:, 2]))
    if vertices[:, 2].min() <= 0.01:
        return mask.astype(bool)
    radius = round(margin * camera.fx / depth)
    pixels = camera.project(vertices)
    x0, y0 = np.maximum(np.floor(pixels.min(0)).astype(int) - radius - 1, 0)
    x1, y1 = np.minimum(np.ceil(pixels.max(0)).astype(int) + radius + 2, (camera.width, camera.height))
    if x1 <= x0 or y1 <= y0:
        return mask.astype(bool)
    face_id, _ = rasterize(vertices[None], faces, camera.cropped(int(x0), int(y0), int(x1 - x0), int(y1 - y0)))
    region = (face_id[0] >= 0).astype(np.uint8)
    if radius > 0:
        region = cv2.dilate(region, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    mask[y0:y1, x0:x1] = region
    return mask.astype(bool)


def skeleton_mask(keypoints: FloatArray, width: int, height: int) -> BoolArray:
    """Mask (height, width) of thick bones and a filled palm around the keypoints (21, 2) [pixel]."""
    mask = np.zeros((height, width), np.uint8)
    thickness = max(3, round(_FINGER_WIDTH * float(np.linalg.norm(keypoints[9] - keypoints[0]))))
    corners = np.rint(keypoints).astype(np.int32)
    for a, b in KEYPOINT_BONES:
        cv2.line(mask, corners[a].tolist(), corners[b].tolist(), (1,), thickness)
    palm = cv2.convexHull(corners[_PALM])
    cv2.fillConvexPoly(mask, palm, (1,))
    cv2.polylines(mask, [palm], True, (1,), thickness)
    return mask.astype(bool)
