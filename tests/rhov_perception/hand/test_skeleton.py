import numpy as np
import pytest
from synthetic_hand import MODELS, SKELETONS, make_truth

from rhov_core.hand import JointLimits
from rhov_core.pose import exp_rotation, log_rotation
from rhov_perception.hand.keypoint_offsets import keypoint_offsets
from rhov_perception.hand.skeleton import ANGLES, make_skeleton, pose_keypoints


@pytest.fixture(params=["right", "left"])
def side(request):
    return request.param


def test_without_offsets_the_keypoints_are_the_models(side):
    truth = make_truth(np.random.default_rng(0), side)
    skeleton = SKELETONS[side]
    bare = skeleton._replace(points=skeleton.points - keypoint_offsets(MODELS[side]))
    np.testing.assert_allclose(pose_keypoints(*truth.state, bare)[0], truth.joints, atol=1e-9)


def test_the_detectors_keypoints_of_a_left_hand_mirror_those_of_a_right_one():
    right, left = (pose_keypoints(np.eye(3), np.zeros(3), np.zeros(22), SKELETONS[s])[0] for s in ("right", "left"))
    np.testing.assert_allclose(left, right * [-1, 1, 1], atol=1e-12)
    assert np.linalg.norm(keypoint_offsets(MODELS["right"]), axis=1).max() < 0.02


def test_shape_reaches_the_skeleton(side):
    shape = np.array([2.0, 1, -1, 0, 1, 0, 0, 0, 0, 0])
    skeleton = make_skeleton(MODELS[side], shape)
    growth = np.linalg.norm(skeleton.joints[4] - skeleton.joints[0]) / np.linalg.norm(
        SKELETONS[side].joints[4] - SKELETONS[side].joints[0]
    )
    bare = skeleton._replace(points=skeleton.points - growth * keypoint_offsets(MODELS[side]))
    expected = MODELS[side].forward_numpy(np.zeros(48), shape, np.zeros(3)).joints[0]
    at_rest = pose_keypoints(np.eye(3), skeleton.joints[0], np.zeros(len(ANGLES)), bare)[0]
    np.testing.assert_allclose(at_rest, expected, atol=1e-9)


def test_the_jacobian_agrees_with_finite_differences(side):
    skeleton = SKELETONS[side]
    state = make_truth(np.random.default_rng(1), side).state
    jacobian = pose_keypoints(*state, skeleton)[1]
    numeric = np.zeros_like(jacobian)
    for i in range(28):
        ends = []
        for step in (1e-6, -1e-6):
            x = np.zeros(28)
            x[i] = step
            moved = (exp_rotation(x[3:6]) @ state.rotation, state.translation + x[:3], state.angles + x[6:])
            ends.append(pose_keypoints(*moved, skeleton)[0])
        numeric[:, :, i] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(jacobian, numeric, atol=1e-7)


def test_the_angles_are_those_of_the_joint_limits(side):
    angles = np.random.default_rng(2).normal(scale=0.3, size=len(ANGLES))
    pose = np.concatenate([np.zeros(3), SKELETONS[side].finger_pose(angles)])
    table = JointLimits.of(MODELS[side]).angles(pose)
    np.testing.assert_allclose([table[joint - 1, kind] for joint, kind in ANGLES], angles, atol=1e-12)
    assert np.abs(table).sum() == pytest.approx(np.abs(angles).sum())  # all others are zero


def test_the_relaxed_hand_is_within_its_limits_and_its_prior_is_a_covariance(side):
    skeleton = SKELETONS[side]
    assert (skeleton.lower < skeleton.relaxed).all()
    assert (skeleton.relaxed < skeleton.upper).all()
    assert np.linalg.eigvalsh(skeleton.prior).min() > 0
    assert np.linalg.norm(log_rotation(make_truth(np.random.default_rng(0), side).state.rotation)) > 0
