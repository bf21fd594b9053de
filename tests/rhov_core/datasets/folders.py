"""Pieces that the tiny data sets of the tests share."""

import json

import cv2
import numpy as np

from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform

WIDTH, HEIGHT = 640, 480
BOX = ObjectModel.box([0.06, 0.1, 0.2])


def poses(count, seed=0):
    """T_camera_object (N, 4, 4) about half a metre before the camera."""
    rng = np.random.default_rng(seed)
    return make_transform(exp_rotation(rng.normal(size=(count, 3))), rng.normal([0, 0, 0.6], 0.1, (count, 3)))


def hand_joints(count, seed=1):
    return np.random.default_rng(seed).normal([0, 0, 0.5], 0.1, (count, 21, 3))


def write_obj(path, vertices, faces=BOX.faces):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in np.asarray(vertices).tolist()]
    path.write_text("\n".join(lines + [f"f {a} {b} {c}" for a, b, c in (faces + 1).tolist()]) + "\n")


def write_image(path, value=90, size=(HEIGHT, WIDTH)):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((*size, 3), value, np.uint8) if np.isscalar(value) else value
    assert cv2.imwrite(str(path), image)


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
