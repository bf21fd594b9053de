"""The estimator with a detector that replays known detections, and with the real one on the real clip."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from synthetic_hand import CAMERA, MODELS, detect, make_truth

from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.pose import exp_rotation
from rhov_core.sample_clips import cached_clip
from rhov_core.video import VideoReader
from rhov_perception.hand import HandConfig, HandEstimator

IMAGE = np.full((480, 640, 3), 120, np.uint8)


class Replay:
    """Stands in for the detector: a list of detections for each image."""

    def __init__(self, frames):
        self.frames, self.forgot = list(frames), 0

    def detect(self, image):
        return self.frames.pop(0)

    def forget(self):
        self.forgot += 1

    def close(self):
        pass


@pytest.fixture
def estimator():
    made = []

    def make(frames, **settings):
        made.append(HandEstimator(CAMERA, HandConfig(look_twice=False, **settings)))
        made[-1]._detector.close()
        made[-1]._detector = Replay(frames)
        return made[-1]

    yield make
    for estimator in made:
        estimator.close()


def clip(count, side="right", **options):
    """The same hand, moving slowly."""
    rng = np.random.default_rng(0)
    truths = [make_truth(np.random.default_rng(1), side) for _ in range(count)]
    for i, truth in enumerate(truths):
        truth.state.translation[0] += 0.002 * i
    return truths, [[detect(t, rng, 1.0, 0.005, **options)] for t in truths]


def test_estimates_describe_the_hand_in_the_camera(estimator):
    truths, frames = clip(6)
    hands = estimator(frames)
    for i, truth in enumerate(truths):
        seen = hands.estimate(IMAGE, i)
        estimate = seen.estimate
        assert (estimate.side, estimate.model) == ("right", "anny_right_hand16")
        geometry = hands.model("right").forward_numpy(estimate.pose, estimate.shape, estimate.translation)
        np.testing.assert_allclose(geometry.joints[0], estimate.joints, atol=1e-9)
        moved = truth.joints + np.array([0.002 * i, 0, 0])
        assert np.linalg.norm(estimate.joints - moved, axis=1).mean() < 0.03
        inside = np.rint(CAMERA.project(estimate.joints)).astype(int)
        assert seen.mask[inside[:, 1], inside[:, 0]].mean() > 0.9
        assert seen.residual < 4


def test_the_side_that_the_landmarks_belong_to_fits_better_more_often_than_not(estimator):
    hands, won = estimator([]), []
    for seed in range(24):
        side, other = ("right", "left") if seed % 2 else ("left", "right")
        fits = hands._fresh(detect(make_truth(np.random.default_rng(seed), side)), None)
        won += [fits[side].cost < fits[other].cost]
    assert np.mean(won) > 0.65
    assert list(estimator([], side="left")._fresh(detect(make_truth(np.random.default_rng(0))), None)) == ["left"]


def test_a_hand_that_was_turned_the_wrong_way_is_turned_back_when_the_images_say_so(estimator):
    _, frames = clip(6)
    hands = estimator(frames, side="right", correct_landmarks=False)
    right = hands.estimate(IMAGE, 0).estimate
    index, side, fit = hands._fit
    flipped = fit.state._replace(rotation=np.ascontiguousarray(exp_rotation([0.0, np.pi, 0.0]) @ fit.state.rotation))
    hands._fit = index, side, replace(fit, state=flipped)
    after = hands.estimate(IMAGE, 1).estimate
    assert np.linalg.norm(after.joints - right.joints, axis=1).mean() < 0.03


def test_the_left_hand_is_estimated_with_the_left_model(estimator):
    _, frames = clip(3, "left")
    hands = estimator(frames)
    for i in range(3):
        estimate = hands.estimate(IMAGE, i).estimate
        assert estimate.side == "left"
        geometry = MODELS["left"].forward_numpy(estimate.pose, estimate.shape, estimate.translation)
        np.testing.assert_allclose(geometry.joints[0], estimate.joints, atol=1e-9)


def test_a_flickering_side_does_not_change_the_hand(estimator):
    truths, frames = clip(8)
    for i in (3, 5):
        frames[i] = [detect(truths[i], says="left", score=0.8)]
    hands = estimator(frames)
    sides = [hands.estimate(IMAGE, i).estimate.side for i in range(8)]
    assert sides == ["right"] * 8


def test_gaps_have_no_estimate_and_keep_the_mask_for_a_while(estimator):
    _, frames = clip(2)
    hands = estimator([*frames, *[[]] * 6], keep_mask=4)
    last = [hands.estimate(IMAGE, i) for i in range(2)][-1]
    for i in range(2, 6):
        seen = hands.estimate(IMAGE, i)
        assert seen.estimate is None
        np.testing.assert_array_equal(seen.mask, last.mask)
    assert hands.estimate(IMAGE, 6).mask is None
    assert hands.estimate(IMAGE, 7).mask is None


def test_a_bad_fit_gives_a_mask_but_no_estimate(estimator):
    _, frames = clip(2)
    scrambled = frames[1][0]
    scrambled.keypoints[:] = np.random.default_rng(0).permutation(scrambled.keypoints)
    hands = estimator(frames)
    assert hands.estimate(IMAGE, 0).estimate is not None
    seen = hands.estimate(IMAGE, 1)
    assert seen.estimate is None
    assert seen.mask.any()
    assert seen.residual > 0.08 * scrambled.size


def test_implausible_hands_are_refused_and_make_the_detector_search_again(estimator):
    _, frames = clip(1)
    tiny = detect(make_truth(np.random.default_rng(1), position=np.array([0, 0, 1.9])))
    hands = estimator([*frames, *[[tiny]] * 5])
    hands.estimate(IMAGE, 0)
    assert all(hands.estimate(IMAGE, i).estimate is None for i in range(1, 6))
    assert hands._detector.forgot == 1


def test_reset_forgets_the_track(estimator):
    _, frames = clip(1)
    other = detect(make_truth(np.random.default_rng(2), "left", position=np.array([-0.1, 0, 0.9])))
    hands = estimator([*frames, [other]])
    assert hands.estimate(IMAGE, 0).estimate.side == "right"
    hands.reset()
    assert hands.estimate(IMAGE, 1).estimate.side == "left"


@pytest.mark.parametrize(("sure_error", "frames_seen"), [(1.0, [2, 4]), (0.0, [0, 1, 2, 3, 4])])
def test_a_second_look_is_taken_where_the_first_is_not_sure(estimator, sure_error, frames_seen):
    """A first look that finds nothing, or the other hand, is never sure."""
    truths, frames = clip(5)
    frames[2], frames[4] = [], [detect(truths[4], says="left", score=0.8)]
    hands, shown = estimator(frames, sure_error=sure_error), []
    hands._second = Replay([[]] * 5)
    hands._second.detect = lambda image: shown.append(int(image[0, 0, 0])) or []
    for i in range(5):
        hands.estimate(np.full_like(IMAGE, i), i)
    assert shown == frames_seen
    assert hands._second.forgot >= 5 - len(frames_seen)


def test_what_only_the_second_look_finds_is_estimated(estimator):
    truths, frames = clip(3)
    found = frames[1]
    frames[1] = []
    hands = estimator(frames)
    hands._second = Replay([found])
    seen = [hands.estimate(IMAGE, i).estimate for i in range(3)]
    assert all(estimate is not None for estimate in seen)
    assert np.linalg.norm(seen[1].joints - truths[1].joints, axis=1).mean() < 0.03


def test_an_unsure_first_look_is_told_from_a_sure_one(estimator):
    """Expected errors grow with the disorder of the detector's landmarks."""
    fitter, truth = estimator([])._fitter, make_truth(np.random.default_rng(2))
    clear = fitter.expected_error(detect(truth), "right")
    wild = [fitter.expected_error(detect(truth, np.random.default_rng(i), 25.0, 0.05), "right") for i in range(5)]
    assert min(wild) > 1.2 * clear


def test_the_score_falls_with_the_disorder_of_the_landmarks(estimator):
    """Fits that are refused have none."""
    truth, means = make_truth(np.random.default_rng(2)), []
    for pixel_noise, depth_noise in ((0.0, 0.0), (20.0, 0.04)):
        hands, scores = (
            estimator([[detect(truth, np.random.default_rng(i), pixel_noise, depth_noise)] for i in range(8)]),
            [],
        )
        for i in range(8):
            hands.reset()
            seen = hands.estimate(IMAGE, i).estimate
            scores += [] if seen is None else [seen.score]
        assert scores and all(0 < score < 1 and score == np.float32(score) for score in scores)
        means.append(np.mean(scores))
    assert means[0] > 1.3 * means[1]


def test_bad_input():
    with pytest.raises(InputError, match="side"):
        HandConfig(side="both")
    with pytest.raises(InputError, match="hand_length"):
        HandConfig(hand_length=1.9)
    with pytest.raises(InputError, match="no file"):
        HandEstimator(CAMERA, HandConfig(hand_model="nowhere.pkl"))
    hands = HandEstimator(CAMERA)
    with pytest.raises(InputError, match="shape"):
        hands.estimate(IMAGE[:100], 0)
    hands.close()


def test_an_empty_picture_has_no_hand():
    hands = HandEstimator(CAMERA)
    seen = hands.estimate(IMAGE, 0)
    hands.close()
    assert seen.estimate is None
    assert seen.mask is None


@pytest.mark.skipif(cached_clip("cup") is None, reason="the sample clip is not in the cache: run ./run demo once")
def test_the_real_clip():
    """A right hand holds a cup; every frame shows it. The skin must lie under the mask."""
    camera = Camera.guess(640, 480)
    hands = HandEstimator(camera)
    residuals, overlaps, beside = [], [], []
    for frame_index, _, image in VideoReader(cached_clip("cup"), 0, 30):
        seen = hands.estimate(image, frame_index)
        assert seen.estimate.side == "right"
        residuals.append(seen.residual / np.linalg.norm(np.ptp(seen.estimate.keypoints, axis=0)))
        lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
        skin = (lab[..., 1] > 138) & (lab[..., 0] > 60)
        overlaps.append((skin & seen.mask).sum() / seen.mask.sum())
        beside.append((skin & np.roll(seen.mask, 120, axis=0)).sum() / seen.mask.sum())
    hands.close()
    assert np.median(residuals) < 0.04
    assert np.median(overlaps) > 0.4  # the cup hides the rest
    assert np.median(beside) < 0.1
