"""The landmark corrector, on detections in rendered views that it has not learnt from (`dev/render_hand_views.py`)."""

from pathlib import Path

import numpy as np
import pytest
from synthetic_hand import CAMERA, SKELETONS, detect, make_truth

from rhov_core.camera import Camera
from rhov_perception.hand.corrector import LandmarkCorrector, canonical
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.fit import HandFitter
from rhov_perception.hand.size import palm_size
from rhov_perception.hand.skeleton import pose_keypoints

VIEWS = Path(__file__).parent / "data" / "views.npz"


@pytest.fixture(scope="module")
def corrector():
    return LandmarkCorrector.load()


@pytest.fixture(scope="module")
def views():
    """(camera, detection, true landmarks (21, 3)) of each view of a right hand."""
    with np.load(VIEWS) as file:
        data = {name: file[name].astype(np.float64) for name in file.files}
    out = []
    for i, points in enumerate(data["points"]):
        camera = Camera.from_focal(float(data["focal"][i]), *(int(side) for side in data["image_size"]))
        side = "right" if data["side"][i] > 0 else "left"
        said = HandDetection(side, float(data["score"][i]), data["keypoints"][i], data["landmarks"][i])
        out.append((camera, said, points))
    return out


def mirrored(detection):
    keypoints = np.stack([2 * CAMERA.cx - detection.keypoints[:, 0], detection.keypoints[:, 1]], axis=1)
    side = "left" if detection.side == "right" else "right"
    return HandDetection(side, detection.score, keypoints, detection.landmarks * [-1.0, 1.0, 1.0])


def test_corrected_landmarks_are_nearer_to_the_truth(corrector, views):
    raw, corrected, raw_depth, depth = [], [], [], []
    for camera, detection, points in views:
        landmarks, pixels = corrector.correct(detection, "right", camera), camera.project(points)
        raw.append(np.linalg.norm(detection.keypoints - pixels, axis=1) / detection.size)
        corrected.append(np.linalg.norm(landmarks.keypoints - pixels, axis=1) / detection.size)
        true = points @ landmarks.direction
        true = (true - true.mean()) / palm_size(points)
        guessed = detection.landmarks @ landmarks.direction
        raw_depth.append(np.abs((guessed - guessed.mean()) / palm_size(detection.landmarks) - true))
        depth.append(np.abs(landmarks.depths - true))
    assert len(views) > 30
    assert np.median(corrected) < 0.9 * np.median(raw)
    assert np.median(depth) < 0.6 * np.median(raw_depth)


def test_the_spread_tells_good_landmarks_from_bad_ones(corrector, views):
    off, spread = [], []
    for camera, detection, points in views:
        landmarks = corrector.correct(detection, "right", camera)
        off.append(np.linalg.norm(landmarks.keypoints - camera.project(points), axis=1))
        spread.append(landmarks.keypoint_spread)
    off, spread = np.concatenate(off), np.concatenate(spread)
    sure = spread < np.median(spread)
    assert np.median(off[sure]) < 0.7 * np.median(off[~sure])


def test_fits_of_corrected_landmarks_are_nearer_to_the_truth(views):
    def error(camera, detection, points, with_corrector):
        fitter = HandFitter(camera, LandmarkCorrector.load() if with_corrector else None)
        state = fitter.fit(detection, "right", SKELETONS["right"]).state
        fitted = pose_keypoints(*state, SKELETONS["right"])[0]
        return np.linalg.norm((fitted - fitted[0]) - (points - points[0]), axis=1).mean()

    raw, corrected = (np.median([error(*view, on) for view in views]) for on in (False, True))
    assert corrected < 0.75 * raw


def test_a_mirrored_hand_is_corrected_to_the_mirror_image(corrector):
    detection = detect(make_truth(np.random.default_rng(2)), np.random.default_rng(0), 4.0, 0.01)
    right, left = corrector.correct(detection, "right", CAMERA), corrector.correct(mirrored(detection), "left", CAMERA)
    np.testing.assert_allclose(2 * CAMERA.cx - left.keypoints[:, 0], right.keypoints[:, 0], atol=1e-9)
    np.testing.assert_allclose(left.keypoints[:, 1], right.keypoints[:, 1], atol=1e-9)
    np.testing.assert_allclose(left.depths, right.depths, atol=1e-12)
    np.testing.assert_allclose(left.direction * [-1, 1, 1], right.direction, atol=1e-12)


def test_the_network_sees_a_turned_and_larger_hand_as_the_same():
    """But for the direction in which it is, which turns along, and for the size of the upright box around it."""
    detection = detect(make_truth(np.random.default_rng(2)))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    middle = CAMERA.K[:2, 2]
    keypoints = (detection.keypoints - middle) @ turn.T + middle
    landmarks = np.concatenate([detection.landmarks[:, :2] @ turn.T, detection.landmarks[:, 2:]], axis=1)
    turned = HandDetection(detection.side, detection.score, keypoints, 1.3 * landmarks)
    a, b = canonical(detection, "right", CAMERA), canonical(turned, "right", CAMERA)
    np.testing.assert_allclose(a.features, b.features, atol=1e-9)
    up = a.features[18:20] - a.features[:2]  # from the wrist to the base of the middle finger
    assert up[1] < 0
    assert abs(up[0]) < 1e-9
