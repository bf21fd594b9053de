import numpy as np
import pytest
import torch

from rhov_core.hand import FINGER_JOINTS, FINGERS, HandModel, JointLimits, mirror_pose

FLEXION, ABDUCTION, TWIST = range(3)


@pytest.fixture(scope="module", params=["right", "left"])
def model(request):
    return HandModel.load(side=request.param)


def posed(model, joint, kind, degrees):
    angles = np.zeros((15, 3))
    angles[joint - 1, kind] = np.radians(degrees)
    pose = np.concatenate([np.zeros(3), JointLimits.of(model).pose_from_angles(angles)])
    return pose, model.forward_numpy(pose, np.zeros(10), np.zeros(3)).joints[0]


def test_angles_and_poses_are_inverse(model):
    limits = JointLimits.of(model)
    angles = np.random.default_rng(0).normal(size=(4, 15, 3))
    pose = np.concatenate([np.ones((4, 3)), limits.pose_from_angles(angles)], axis=1)
    np.testing.assert_allclose(limits.angles(pose), angles, atol=1e-12)


def test_flexion_closes_the_fingers_and_abduction_spreads_them_to_the_thumb(model):
    rest = model.forward_numpy(np.zeros(48), np.zeros(10), np.zeros(3)).joints[0]
    for i, finger in enumerate(FINGERS[1:], start=1):
        tip = 4 * i + 4
        for joint in FINGER_JOINTS[finger]:
            assert posed(model, joint, FLEXION, 20)[1][tip, 1] < rest[tip, 1] - 0.004  # towards the palm's side
        assert posed(model, FINGER_JOINTS[finger][0], ABDUCTION, 10)[1][tip, 2] > rest[tip, 2] + 0.004
        twisted = posed(model, FINGER_JOINTS[finger][2], TWIST, 30)[1][tip]
        np.testing.assert_allclose(twisted, rest[tip], atol=1e-9)  # the tip lies on the axis
    little_base = rest[17]
    for joint in FINGER_JOINTS["thumb"]:
        closed = posed(model, joint, FLEXION, 20)[1]
        assert np.linalg.norm(closed[4] - little_base) < np.linalg.norm(rest[4] - little_base) - 0.002
    assert posed(model, 13, ABDUCTION, 20)[1][4, 1] < rest[4, 1] - 0.01  # the thumb leaves the palm's plane


def test_a_straight_finger_is_zero_flexion_for_the_table(model):
    """The limits count from the straight finger: straightening each joint must leave the same margin everywhere."""
    limits = JointLimits.of(model)
    for finger in FINGERS[1:]:
        chain = FINGER_JOINTS[finger]
        angles = np.zeros((15, 3))
        for joint, lowest in zip(chain, (-30, -8, -12), strict=True):
            angles[joint - 1, FLEXION] = limits.lower[joint - 1, FLEXION] - np.radians(lowest)
        pose = np.concatenate([np.zeros(3), limits.pose_from_angles(angles)])
        joints = model.forward_numpy(pose, np.zeros(10), np.zeros(3)).joints[0]
        points = joints[4 * FINGERS.index(finger) + 1 :][:4]
        bones = np.diff(points, axis=0) / np.linalg.norm(np.diff(points, axis=0), axis=1, keepdims=True)
        assert (bones[:-1] * bones[1:]).sum(1).min() > np.cos(np.radians(12))


def test_the_rest_pose_and_a_fist_are_free_and_impossible_poses_cost(model):
    limits = JointLimits.of(model)
    fist = np.zeros((15, 3))
    fist[:12, FLEXION] = np.radians(70)
    poses = np.zeros((4, 48))
    poses[1, 3:] = limits.pose_from_angles(fist)
    poses[2], _ = posed(model, 2, FLEXION, -60)  # bent backwards
    poses[3], _ = posed(model, 5, TWIST, 40)
    penalty = limits.penalty(torch.tensor(poses)).numpy()
    assert penalty[0] == penalty[1] == 0
    assert penalty[2] > 0.1
    assert penalty[3] == pytest.approx(np.radians(40 - 6) ** 2)


def test_the_penalty_is_differentiable(model):
    limits = JointLimits.of(model)
    pose = torch.tensor(np.random.default_rng(1).normal(scale=1.0, size=(2, 48)), requires_grad=True)
    assert torch.autograd.gradcheck(limits.penalty, pose)
    limits.penalty(pose).sum().backward()
    assert (pose.grad[:, :3] == 0).all()  # the global orientation is free


def test_the_left_hand_has_the_same_limits():
    pose = np.random.default_rng(2).normal(size=48)
    right, left = (JointLimits.of(HandModel.load(side=side)) for side in ("right", "left"))
    np.testing.assert_allclose(left.angles(mirror_pose(pose)), right.angles(pose), atol=1e-9)
