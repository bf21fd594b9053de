from dataclasses import replace

import numpy as np
import pytest

from rhov_core.hand import HandModel, bridge_gaps
from rhov_core.pose import inverse, log_rotation, make_transform, perturb, transform_points

N = 12
SHAPE = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0])


@pytest.fixture(scope="module")
def model():
    return HandModel.load()


def ends(gap_start, gap_end, seed=0):
    rng = np.random.default_rng(seed)
    valid = np.ones(N, bool)
    valid[gap_start:gap_end] = False
    pose, translation = rng.normal(scale=0.3, size=(N, 48)), rng.normal(scale=0.1, size=(N, 3))
    pose[~valid], translation[~valid] = 0, 0
    return pose, translation, valid


def test_only_gaps_inside_and_short_enough_are_filled(model):
    pose, translation, valid = ends(4, 7)
    valid[[0, 11]] = False
    result = bridge_gaps(model, SHAPE, pose, translation, valid, max_gap=3)
    assert np.flatnonzero(result.bridged).tolist() == [4, 5, 6]
    np.testing.assert_array_equal(result.pose[valid], pose[valid])
    np.testing.assert_array_equal(result.translation[valid], translation[valid])
    assert not bridge_gaps(model, SHAPE, pose, translation, valid, max_gap=2).bridged.any()


def test_motion_at_constant_speed_is_recovered(model):
    start = np.concatenate([[0.1, -0.2, 0.3], np.full(45, 0.1)])
    pose = start * np.linspace(1, 2, N)[:, None]  # each joint turns about one axis
    translation = np.linspace([0, 0, 0.5], [0.1, 0.05, 0.6], N)
    valid = np.ones(N, bool)
    valid[3:9] = False
    blanked = np.where(valid[:, None], pose, 0), np.where(valid[:, None], translation, 0)
    result = bridge_gaps(model, SHAPE, *blanked, valid)
    np.testing.assert_allclose(result.pose, pose, atol=1e-9)
    np.testing.assert_allclose(result.translation, translation, atol=1e-9)


def test_a_hand_that_holds_the_object_stays_with_it(model):
    rng = np.random.default_rng(1)
    T_camera_object = np.stack(
        [perturb(make_transform(np.eye(3), [0, 0, 0.6]), 0.2 * rng.normal(size=6)) for _ in range(N)]
    )
    finger_pose, T_object_wrist = rng.normal(scale=0.2, size=45), perturb(np.eye(4), rng.normal(scale=0.1, size=6))
    T_camera_wrist = T_camera_object @ T_object_wrist
    pose = np.concatenate([log_rotation(T_camera_wrist[:, :3, :3]), np.tile(finger_pose, (N, 1))], axis=1)
    translation = T_camera_wrist[:, :3, 3]
    valid = np.ones(N, bool)
    valid[2:10] = False
    blanked = np.where(valid[:, None], pose, 0), np.where(valid[:, None], translation, 0)
    result = bridge_gaps(model, SHAPE, *blanked, valid, T_camera_object=T_camera_object)
    expected = model.forward_numpy(pose, SHAPE, translation).vertices
    np.testing.assert_allclose(
        model.forward_numpy(result.pose, SHAPE, result.translation).vertices, expected, atol=1e-9
    )
    in_object = transform_points(inverse(T_camera_object), expected)
    np.testing.assert_allclose(in_object[5], in_object[0], atol=1e-9)  # the premise of the test


def test_a_model_whose_wrist_is_not_at_the_origin(model):
    offset = np.array([0.09, 0.01, 0.0])
    moved = replace(model, template=model.template + offset, joint_template=model.joint_template + offset)
    pose, translation, valid = ends(4, 7, seed=3)
    a = bridge_gaps(model, SHAPE, pose, translation, valid)
    b = bridge_gaps(moved, SHAPE, pose, translation - offset, valid)
    np.testing.assert_allclose(
        moved.forward_numpy(b.pose, SHAPE, b.translation).vertices[4:7],
        model.forward_numpy(a.pose, SHAPE, a.translation).vertices[4:7],
        atol=1e-9,
    )
