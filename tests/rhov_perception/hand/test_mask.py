import cv2
import numpy as np
from synthetic_hand import CAMERA, MODELS, make_truth

from rhov_perception.hand.mask import rendered_mask, skeleton_mask


def test_the_rendered_mask_covers_the_projected_hand():
    truth = make_truth(np.random.default_rng(0))
    mask = rendered_mask(truth.vertices, MODELS["right"].faces, CAMERA, 0.0)
    expected = np.zeros(mask.shape, np.uint8)
    pixels = np.rint(CAMERA.project(truth.vertices)).astype(np.int32)
    for face in MODELS["right"].faces:
        cv2.fillConvexPoly(expected, pixels[face], 1)
    union = mask | expected.astype(bool)
    assert (mask & expected.astype(bool)).sum() / union.sum() > 0.9


def test_the_margin_widens_the_mask_by_its_size_in_the_image():
    truth = make_truth(np.random.default_rng(0))
    faces = MODELS["right"].faces
    tight, wide = (rendered_mask(truth.vertices, faces, CAMERA, margin) for margin in (0.0, 0.008))
    assert (wide | ~tight).all()
    distance = cv2.distanceTransform((~tight).astype(np.uint8), cv2.DIST_L2, 5)
    radius = 0.008 * CAMERA.fx / np.median(truth.vertices[:, 2])
    assert abs(distance[wide].max() - radius) < 2


def test_hands_partly_or_wholly_outside_the_image():
    truth = make_truth(np.random.default_rng(0))
    faces = MODELS["right"].faces
    centre = truth.vertices.mean(0)
    at_border = np.array([-CAMERA.cx / CAMERA.fx * centre[2], 0, centre[2]])
    half = rendered_mask(truth.vertices - centre + at_border, faces, CAMERA, 0.004)
    assert half[:, 0].any()
    assert not half[:, 320:].any()
    assert not rendered_mask(truth.vertices + np.array([3.0, 0, 0]), faces, CAMERA, 0.004).any()
    assert not rendered_mask(truth.vertices - np.array([0, 0, 2.0]), faces, CAMERA, 0.004).any()


def test_the_skeleton_mask_covers_bones_and_palm():
    truth = make_truth(np.random.default_rng(1))
    keypoints = CAMERA.project(truth.joints)
    mask = skeleton_mask(keypoints, 640, 480)
    inside = np.rint(keypoints).astype(int)
    assert mask[inside[:, 1], inside[:, 0]].all()
    palm = np.rint(keypoints[[0, 5, 17]].mean(0)).astype(int)
    assert mask[palm[1], palm[0]]
    rendered = rendered_mask(truth.vertices, MODELS["right"].faces, CAMERA, 0.0)
    assert (mask & rendered).sum() / (mask | rendered).sum() > 0.55


def test_the_skeleton_mask_survives_keypoints_outside_the_image():
    keypoints = np.linspace([-300, -200], [900, 700], 21)
    assert skeleton_mask(keypoints, 640, 480).any()
    assert not skeleton_mask(keypoints + 5000.0, 640, 480).any()
