"""The second look: mirrored back, merged by what each opinion is worth."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_hand import CAMERA, SKELETONS, detect, make_truth

from rhov_perception.hand import HandConfig
from rhov_perception.hand.corrector import LandmarkCorrector
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.fit import HandFitter
from rhov_perception.hand.second_look import MirroredDetector, agreed, is_same_hand


class Recorder:
    """Stands in for MediaPipe: says that the brightest pixel is the hand's place, and notes what it was shown."""

    frames_remembered = 3

    def detect(self, image):
        row, column = np.unravel_index(image[..., 0].argmax(), image.shape[:2])
        return [HandDetection("right", 0.8, np.tile([float(column), float(row)], (21, 1)), np.ones((21, 3)))]


@pytest.fixture
def mirrored():
    detector = MirroredDetector(HandConfig())
    detector.close()
    detector._detector = Recorder()
    return detector


def test_what_is_found_in_the_mirrored_image_is_mirrored_back(mirrored):
    image = np.zeros((48, 64, 3), np.uint8)
    image[10, 50] = 255
    (found,) = mirrored.detect(image)
    assert found.side == "left"
    np.testing.assert_allclose(found.keypoints, np.tile([50.0, 10.0], (21, 1)))
    np.testing.assert_allclose(found.landmarks, np.tile([-1.0, 1.0, 1.0], (21, 1)))
    assert mirrored.frames_remembered == 3


def opinions():
    truth = make_truth(np.random.default_rng(3))
    first = LandmarkCorrector.load().correct(detect(truth), "right", CAMERA)
    off = np.array([6.0, -2.0])
    return first, replace(first, keypoints=first.keypoints + off, keypoint_spread=2 * first.keypoint_spread), off


def test_opinions_are_weighted_by_how_sure_they_are():
    first, second, off = opinions()
    both = agreed(first, second)
    np.testing.assert_allclose(both.keypoints, first.keypoints + off / 5, atol=1e-9)
    np.testing.assert_allclose(both.depths, first.depths, atol=1e-9)
    np.testing.assert_allclose(both.depth_spread, first.depth_spread)


def test_opinions_that_differ_are_less_sure_and_equal_ones_no_surer():
    first, second, _ = opinions()
    assert (agreed(first, second).keypoint_spread > first.keypoint_spread).all()
    np.testing.assert_allclose(agreed(first, first).keypoint_spread, first.keypoint_spread)


def test_a_second_look_makes_a_noisy_hand_better():
    fitter, skeleton, errors = HandFitter(CAMERA, LandmarkCorrector.load()), SKELETONS["right"], []
    for seed in range(12):
        rng, truth = np.random.default_rng(seed), make_truth(np.random.default_rng(seed))
        first, second = (detect(truth, rng, 8.0, 0.01) for _ in range(2))
        seen = CAMERA.project(truth.joints)
        fits = fitter.fit(first, "right", skeleton), fitter.fit(first, "right", skeleton, again=second)
        errors.append([np.linalg.norm(fit.keypoints - seen, axis=1).mean() for fit in fits])
    once, twice = np.mean(errors, axis=0)
    assert twice < 0.95 * once


def test_hands_apart_are_not_the_same():
    truth = make_truth(np.random.default_rng(1))
    first = detect(truth)
    assert is_same_hand(first, detect(truth, np.random.default_rng(0), 3.0))
    assert not is_same_hand(first, replace(first, keypoints=first.keypoints + np.array([0.6 * first.size, 0.0])))
