"""The network that tells sides apart, on detections in rendered views that it has not learnt from."""

from pathlib import Path

import numpy as np
import pytest
from synthetic_hand import CAMERA, detect, make_truth

from rhov_core.camera import Camera
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.side_network import SideNetwork

VIEWS = Path(__file__).parent / "data" / "views.npz"
ON_THE_HAND = 0.25
"""Mean distance of landmarks, as a fraction of the hand's size in the image."""


@pytest.fixture(scope="module")
def network():
    return SideNetwork.load()


@pytest.fixture(scope="module")
def views():
    """(camera, detection) of each view where the hand was found; all are of right hands."""
    with np.load(VIEWS) as file:
        data = {name: file[name].astype(np.float64) for name in file.files}
    out = []
    for i, keypoints in enumerate(data["keypoints"]):
        camera = Camera.from_focal(float(data["focal"][i]), *(int(side) for side in data["image_size"]))
        side = "right" if data["side"][i] > 0 else "left"
        detection = HandDetection(side, float(data["score"][i]), keypoints, data["landmarks"][i])
        pixels = camera.project(data["points"][i])
        if np.linalg.norm(pixels - keypoints, axis=1).mean() < ON_THE_HAND * detection.size:
            out.append((camera, detection))
    return out


def mirrored(camera, detection):
    keypoints = np.stack([2 * camera.cx - detection.keypoints[:, 0], detection.keypoints[:, 1]], axis=1)
    side = "left" if detection.side == "right" else "right"
    return HandDetection(side, detection.score, keypoints, detection.landmarks * [-1.0, 1.0, 1.0])


def contradicted(detection):
    return HandDetection(
        "left" if detection.side == "right" else "right", detection.score, detection.keypoints, detection.landmarks
    )


def test_it_tells_sides_of_hands_that_were_found(network, views):
    said = np.array([network.log_odds(detection, camera) for camera, detection in views])
    assert len(said) > 35
    assert (said > 0).mean() > 0.93


def test_landmarks_outvote_the_word_of_the_detector(network, views):
    said = [network.log_odds(contradicted(detection), camera) for camera, detection in views]
    assert np.mean(np.array(said) > 0) > 0.6


def test_a_mirrored_hand_is_the_other_one(network, views):
    for camera, detection in views[:5]:
        odds = network.log_odds(detection, camera)
        assert network.log_odds(mirrored(camera, detection), camera) == pytest.approx(-odds, abs=1e-9)
        assert odds != 0


def test_well_seen_hands_are_told_apart(network):
    for side, sign in (("right", 1), ("left", -1)):
        said = [network.log_odds(detect(make_truth(np.random.default_rng(i), side)), CAMERA) for i in range(8)]
        assert np.mean(sign * np.array(said) > 1) > 0.8
