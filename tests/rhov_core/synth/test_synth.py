"""Rendered clips: plausible grips, truth that fits the pictures, the same truth for the same seed."""

import cv2
import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS
from rhov_core.object_model import ObjectModel
from rhov_core.pose import make_transform, transform_points
from rhov_core.render import rasterize
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.synth import synthesize_clip
from rhov_core.synth.grip import grip
from rhov_core.synth.shading import Part, Shader
from rhov_core.synth.textures import cloudy, plain, printed
from rhov_core.trajectory import HandObjectTrajectory
from rhov_core.video import VideoReader

FRAMES = 8


@pytest.fixture(scope="module")
def carton():
    return ObjectModel.box((0.05, 0.07, 0.15), "carton")


@pytest.fixture(scope="module")
def clip(carton, tmp_path_factory):
    return synthesize_clip(carton, 3, tmp_path_factory.mktemp("clip"), FRAMES)


def test_the_grip_touches_without_penetrating(carton):
    model = HandModel.load()
    distance = SignedDistanceGrid.from_mesh(carton.vertices, carton.faces)
    pose, translation = grip(model, distance, np.zeros(3), np.array([0, -1.0, 0]), np.array([-1.0, 0, 0]))
    hand = model.forward_numpy(pose, np.zeros(10), translation).vertices[0]
    d = distance.distance(hand)
    assert d.min() > -0.003
    touching = 0
    for finger in FINGERS[1:]:
        vertices = model.weights[:, list(FINGER_JOINTS[finger])].sum(1) > 0.5
        touching += d[vertices].min() < 0.01
    assert touching >= 3
    assert hand.mean(0)[1] > 0  # the palm is at +y and pushes along -y


def test_the_truth_fits_the_pictures(clip, carton):
    truth, camera = HandObjectTrajectory.load(clip.truth), Camera.load(clip.camera)
    frames = list(VideoReader(clip.video))
    assert len(frames) == len(truth) == FRAMES
    x, y, w, h = clip.box
    pixels = camera.project(transform_points(truth.T_camera_object[0], carton.vertices))
    assert (pixels >= [x, y]).all() and (pixels <= [x + w, y + h]).all()
    # edges of the picture lie on the outline of the true pose, and nowhere near it when the pose is shifted
    gradient = cv2.Laplacian(cv2.cvtColor(frames[4].image, cv2.COLOR_BGR2GRAY), cv2.CV_32F)

    def sharpness(T):
        points = transform_points(T, carton.vertices)
        mask = (rasterize(points[None], carton.faces, camera)[0][0] >= 0).astype(np.uint8)
        outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        return np.abs(gradient[outline]).mean()

    T = truth.T_camera_object[4]
    away = make_transform(np.eye(3), [0.012, 0.012, 0]) @ T
    assert sharpness(T) > 1.25 * sharpness(away)


def test_the_hand_moves_with_the_object(clip):
    truth = HandObjectTrajectory.load(clip.truth)
    inverse = np.linalg.inv(truth.T_camera_object)
    held = np.stack([transform_points(T, joints) for T, joints in zip(inverse, truth.hand_joints, strict=True)])
    assert np.ptp(held, axis=0).max() < 1e-6
    model = HandModel.load()
    again = model.forward_numpy(truth.hand_pose, truth.hand_shape, truth.hand_translation).joints
    np.testing.assert_allclose(again, truth.hand_joints, atol=1e-9)


def test_the_same_seed_gives_the_same_clip(clip, carton, tmp_path):
    again = synthesize_clip(carton, 3, tmp_path / "a", FRAMES)
    other = synthesize_clip(carton, 4, tmp_path / "b", FRAMES)
    first, same, different = (HandObjectTrajectory.load(c.truth).T_camera_object for c in (clip, again, other))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - different).max() > 1e-3
    for a, b in zip(VideoReader(clip.video), VideoReader(again.video), strict=True):
        np.testing.assert_array_equal(a.image, b.image)


def test_shading_is_brightest_towards_the_light():
    camera = Camera.from_focal(100, 64, 64)
    square = np.array([[-1, -1, 0.0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    part = Part(square, faces, np.full((8, 8, 3), 0.5, np.float32), 1.0, False)
    facing, seen = [], None
    for light in ([0, 0, 1.0], [0, 0.9, 0.3]):
        image = np.zeros((64, 64, 3), np.float32)
        seen = Shader([part], camera, np.array(light)).draw([square + np.array([0, 0, 4])], image)
        facing.append(image[32, 32, 0])
    assert facing[0] > 1.5 * facing[1] > 0
    assert seen[32, 32] == 0 and seen[0, 0] == -1


def test_textures_repeat_and_stay_in_range():
    rng = np.random.default_rng(0)
    noise = cloudy(rng, 64, 1.5)
    step = np.abs(np.diff(noise, axis=0)).mean()
    assert np.abs(noise[0] - noise[-1]).mean() < 2 * step
    for texture in (printed(rng, 128), plain(rng, (0.5, 0.4, 0.3), 0.1, 128)):
        assert texture.dtype == np.float32 and texture.shape == (128, 128, 3)
        assert texture.min() > -0.2 and texture.max() < 1.3
