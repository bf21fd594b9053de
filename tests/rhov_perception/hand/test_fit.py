import time
from dataclasses import replace

import numpy as np
import pytest
from synthetic_hand import CAMERA, MODELS, PALM_TO_CAMERA, SKELETONS, detect, make_truth

from rhov_core.pose import log_rotation, perturb, rotation_angle
from rhov_perception.hand.fit import HandFitter
from rhov_perception.hand.size import shape_of_length
from rhov_perception.hand.skeleton import make_skeleton, pose_keypoints
from rhov_perception.hand.solver import Expectation, HandState, linearise
from rhov_perception.hand.uncertainty import calibrated

FITTER = HandFitter(CAMERA)


def error(fit, truth):
    """Mean distance of the model's keypoints [m] and angle of the wrist [rad]."""
    model = MODELS[truth.side]
    translation = fit.state.translation - SKELETONS[truth.side].joints[0]
    joints = model.forward_numpy(fit.pose(SKELETONS[truth.side]), np.zeros(10), translation).joints[0]
    angle = rotation_angle(fit.state.rotation @ truth.state.rotation.T)
    return np.linalg.norm(joints - truth.joints, axis=1).mean(), float(angle)


@pytest.mark.parametrize("side", ["right", "left"])
def test_exact_keypoints_give_the_pose_back(side):
    errors = []
    for seed in range(12):
        truth = make_truth(np.random.default_rng(seed), side)
        errors.append(error(FITTER.fit(detect(truth), side, SKELETONS[side]), truth))
    distance, angle = np.array(errors).T
    assert np.median(distance) < 0.010  # the relaxed hand pulls a little
    assert np.median(angle) < np.radians(4)
    assert distance.max() < 0.03


def test_noisy_keypoints_and_depths():
    errors = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = make_truth(rng)
        fit = FITTER.fit(detect(truth, rng, pixel_noise=3.0, depth_noise=0.012), "right", SKELETONS["right"])
        errors.append((*error(fit, truth), fit.residual))
    distance, angle, residual = np.median(errors, axis=0)
    assert distance < 0.03
    assert angle < np.radians(9)
    assert residual < 4.0


def test_a_few_wild_keypoints_do_not_spoil_the_wrist():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = make_truth(rng)
        detection = detect(truth, rng, pixel_noise=1.0)
        detection.keypoints[[7, 8, 19]] += rng.normal(scale=60, size=(3, 2))
        fit = FITTER.fit(detection, "right", SKELETONS["right"])
        sideways = fit.state.translation[:2] / fit.state.translation[2]
        expected = truth.state.translation[:2] / truth.state.translation[2]
        assert np.linalg.norm(sideways - expected) * CAMERA.fx < 12


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_hand_taken_for_the_other_one_is_fitted_all_the_same(side):
    other = "left" if side == "right" else "right"
    angles = []
    for seed in range(8):
        truth = make_truth(np.random.default_rng(seed), side)
        fit = FITTER.fit(detect(truth, says=other), side, SKELETONS[side])
        angles.append(error(fit, truth)[1])
    assert np.median(angles) < np.radians(5)


def test_the_size_of_the_detectors_landmarks_does_not_matter():
    truth = make_truth(np.random.default_rng(3))
    a = FITTER.fit(detect(truth), "right", SKELETONS["right"])
    b = FITTER.fit(detect(truth, size=1.5), "right", SKELETONS["right"])
    np.testing.assert_allclose(a.state.translation, b.state.translation, atol=1e-9)


def test_the_depths_are_compared_along_the_ray_to_the_hand():
    """Landmarks are those of a camera that looks straight at the hand; here it stands at the border of the image."""
    for x in (-0.32, 0.32):
        truth = make_truth(np.random.default_rng(3), view=PALM_TO_CAMERA, position=np.array([x, 0.05, 0.6]))
        seen, _, palm = FITTER._observe(detect(truth), "right", SKELETONS["right"])
        points, _ = pose_keypoints(*truth.state, SKELETONS["right"])
        np.testing.assert_allclose(palm, (points - points.mean(0))[[0, 1, 5, 9, 13, 17]], atol=2e-3)
        np.testing.assert_allclose(seen.depths, (points - points.mean(0)) @ seen.direction, atol=2e-3)


def test_a_warm_start_stays_near_the_previous_frame_and_recovers_from_a_wrong_one():
    truth = make_truth(np.random.default_rng(4))
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = truth.state.rotation, truth.state.translation
    detection = detect(truth)
    for tangent, frames_since in (([0.01, 0, 0.01, 0.1, 0, 0.1], 1), ([0.1, -0.1, 0.2, 2.5, 0, 0], 30)):
        before = perturb(T, tangent)
        previous = HandState(np.ascontiguousarray(before[:3, :3]), before[:3, 3].copy(), truth.state.angles * 0.9)
        fit = FITTER.fit(detection, "right", SKELETONS["right"], previous, frames_since)
        assert error(fit, truth)[0] < 0.02


def test_the_gradient_of_the_solver_agrees_with_finite_differences():
    rng = np.random.default_rng(5)
    truth = make_truth(rng)
    skeleton = SKELETONS["right"]
    seen, _, _ = FITTER._observe(detect(truth, rng, 2.0, 0.01), "right", skeleton)
    state = truth.state._replace(angles=truth.state.angles + rng.normal(scale=0.3, size=22))
    before = Expectation(truth.state, 0.03, 0.3, 0.3)
    _, _, gradient = linearise(state, skeleton, seen, before)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = state.rotation, state.translation
    for direction in np.eye(28):
        costs = []
        for step in (1e-6, -1e-6):
            moved = perturb(T, step * direction[:6])
            at = HandState(
                np.ascontiguousarray(moved[:3, :3]), moved[:3, 3].copy(), state.angles + step * direction[6:]
            )
            costs.append(linearise(at, skeleton, seen, before)[0])
        assert gradient @ direction == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-3, abs=1e-3)


def test_joint_limits_hold_against_impossible_keypoints():
    truth = make_truth(np.random.default_rng(6))
    bent = truth.state.angles.copy()
    bent[7] = SKELETONS["right"].lower[7] - 0.8  # the index finger's middle joint, backwards
    impossible = truth.state._replace(angles=np.clip(bent, -3, 3))
    fit = FITTER.fit(detect(replace(truth, state=impossible)), "right", SKELETONS["right"])
    skeleton = SKELETONS["right"]
    beyond = np.maximum(skeleton.lower - fit.state.angles, fit.state.angles - skeleton.upper)
    assert np.degrees(beyond.max()) < 12


def test_the_covariance_covers_the_error():
    """Normalised errors of 60 noisy hands, whose noise is what the fit expects, lie where six numbers should."""
    errors = []
    for seed in range(60):
        rng = np.random.default_rng(100 + seed)
        truth = make_truth(rng)
        clean = detect(truth)
        noisy = detect(truth, rng, pixel_noise=0.026 * clean.size, depth_noise=0.012)
        fit = FITTER.fit(noisy, "right", SKELETONS["right"])
        tangent = np.concatenate(
            [
                fit.state.translation - truth.state.translation,
                log_rotation(fit.state.rotation @ truth.state.rotation.T),
            ]
        )
        errors.append(tangent @ np.linalg.solve(calibrated(fit), tangent))
    assert np.median(errors) < 6  # chi-squared with six degrees of freedom has the median 5.3: rather too wide
    assert np.quantile(errors, 0.95) < 13
    assert np.median(errors) > 0.2


def test_covariances_are_symmetric_and_widest_along_the_ray():
    fit = FITTER.fit(detect(make_truth(np.random.default_rng(7))), "right", SKELETONS["right"])
    covariance = calibrated(fit)
    np.testing.assert_allclose(covariance, covariance.T)
    values, vectors = np.linalg.eigh(covariance[:3, :3])
    ray = fit.state.translation / np.linalg.norm(fit.state.translation)
    assert abs(vectors[:, 2] @ ray) > 0.95
    assert np.sqrt(values[2]) > 0.05 * np.linalg.norm(fit.state.translation)


def test_a_measured_length_sets_the_depth():
    truth = make_truth(np.random.default_rng(8))
    shape = shape_of_length(MODELS["right"], 0.205)
    assert shape[0] == pytest.approx((0.205 / 0.1863 - 1) / 0.05, rel=0.01)
    np.testing.assert_allclose(shape[1:], 0, atol=1e-3)
    a = FITTER.fit(detect(truth), "right", SKELETONS["right"])
    b = FITTER.fit(detect(truth), "right", make_skeleton(MODELS["right"], shape))
    ratio = b.state.translation[2] / a.state.translation[2]
    assert ratio == pytest.approx(0.205 / 0.1863, rel=0.03)


def test_one_fit_costs_few_milliseconds():
    rng = np.random.default_rng(9)
    detections = [detect(make_truth(rng), rng, 2.0, 0.01) for _ in range(30)]
    FITTER.fit(detections[0], "right", SKELETONS["right"])  # compiles on first use
    begin = time.process_time()
    for detection in detections:
        FITTER.fit(detection, "right", SKELETONS["right"])
    assert (time.process_time() - begin) / len(detections) < 0.010
