"""A tiny clip with truth: a box with painted sides turns before a patterned wall; no hand."""

from dataclasses import replace

import cv2
import numpy as np

from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform, transform_points
from rhov_core.render import rasterize
from rhov_core.trajectory import HandObjectTrajectory

FRAMES = 5
CAMERA = Camera.from_focal(300.0, 320, 240)
BOX = ObjectModel.box([0.07, 0.1, 0.16])


def poses():
    i = np.arange(FRAMES)[:, None]
    return make_transform(exp_rotation([1.9, 0.3, 0.2] + i * [0.0, 0.03, 0.01]), [0, 0, 0.5] + i * [0.004, 0, 0])


def drawn():
    """Images (H, W, 3) and masks (H, W) of all frames."""
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(150, 255, (12, 16, 1), np.uint8), (CAMERA.width, CAMERA.height))
    wall = np.repeat(np.atleast_3d(wall), 3, axis=2)
    colours = np.repeat(rng.integers(0, 110, (6, 3)), 2, axis=0)  # one for each side
    faces = rasterize(transform_points(poses(), BOX.vertices).astype(np.float32), BOX.faces, CAMERA)[0]
    masks = faces >= 0
    images = [
        np.where(m[..., None], colours[np.maximum(f, 0)], wall).astype(np.uint8)
        for f, m in zip(faces, masks, strict=True)
    ]
    return images, masks


def true_trajectory():
    trajectory = HandObjectTrajectory.without_hand(
        "box", np.arange(FRAMES) / 30, poses(), CAMERA.K, (CAMERA.width, CAMERA.height), np.zeros((6, 6))
    )
    return replace(trajectory, hand_model=HandModel.load().name)


def box_of(mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]) - 3, int(rows[0]) - 3, int(np.ptp(columns)) + 7, int(np.ptp(rows)) + 7]
