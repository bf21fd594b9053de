"""The torch versions of poses and kinematics are those of numpy, and their derivatives are right."""

import numpy as np
import pytest
import torch

from franka_imitation.kinematics import Kinematics
from franka_imitation.learning import poses
from franka_imitation.learning.arm import Arm
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from rhov_core import pose as reference


@pytest.fixture(scope="module")
def random_transforms():
    random = np.random.default_rng(0)
    return [
        reference.make_transform(reference.exp_rotation(random.uniform(-2, 2, (50, 3))), random.normal(size=(50, 3)))
        for _ in range(2)
    ]


def as_transform(pose):
    return reference.make_transform(reference.rotation_from_quaternion(pose[..., 3:].numpy()), pose[..., :3].numpy())


def test_composition_inverse_and_difference_are_those_of_rhov_core(random_transforms):
    a, b = random_transforms
    p, q = poses.pose_tensor(a), poses.pose_tensor(b)
    assert np.allclose(as_transform(poses.compose(p, q)), a @ b)
    assert np.allclose(as_transform(poses.inverse(p)), np.linalg.inv(a))
    assert np.allclose(poses.difference(p, q).numpy(), reference.difference(a, b))
    assert np.allclose(as_transform(poses.perturb(q, poses.difference(p, q))), a)
    half = torch.full((50,), 0.5, dtype=torch.float64)
    assert np.allclose(as_transform(poses.interpolate(p, q, half)), reference.interpolate(a, b, np.full(50, 0.5)))
    assert np.allclose(poses.axes(p[:, 3:]).numpy(), a[:, :3, :2].swapaxes(1, 2).reshape(-1, 6))


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 3.1, np.pi - 1e-9])
def test_rotation_vectors_survive_small_and_large_angles(angle):
    vector = torch.tensor([[angle, 0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(poses.rotation_vector(poses.quaternion(vector)), vector, atol=1e-9)


def test_the_shorter_way_round_is_taken():
    vector = torch.tensor([[0.0, 0.0, 1.5 * np.pi]], dtype=torch.float64)
    expected = torch.tensor([[0.0, 0.0, -0.5 * np.pi]], dtype=torch.float64)
    assert torch.allclose(poses.rotation_vector(poses.quaternion(vector)), expected)


@pytest.fixture(scope="module")
def scene(box):
    return build_scene(Robot.load("panda"), box)


@pytest.fixture(scope="module")
def postures():
    return np.random.default_rng(1).uniform(-1, 1, (20, 7)) + Robot.load("panda").ready


def test_kinematics_are_those_of_the_planner(scene, postures):
    tool, jacobian = Arm(scene).jacobian(torch.from_numpy(postures))
    wanted, wanted_jacobian = Kinematics(scene).jacobian(postures)
    assert np.allclose(as_transform(tool), wanted)
    assert np.allclose(jacobian.numpy(), wanted_jacobian)


def test_the_jacobian_is_the_derivative(scene, postures):
    arm, q = Arm(scene), torch.from_numpy(postures)
    _, jacobian = arm.jacobian(q)
    for joint in range(7):
        step = torch.zeros(7, dtype=torch.float64)
        step[joint] = 1e-6
        change = poses.difference(arm.forward(q + step), arm.forward(q - step)) / 2e-6
        assert torch.allclose(change, jacobian[:, :, joint], atol=1e-6)


def test_the_arm_is_led_towards_a_pose_within_its_stops(scene, postures):
    arm = Arm(scene)
    wanted = torch.from_numpy(np.clip(postures, Robot.load("panda").limits.lower, Robot.load("panda").limits.upper))
    begin = arm.limited(wanted + 0.1)
    target = arm.forward(wanted)
    before = poses.difference(target, arm.forward(begin)).norm(dim=-1)
    q = arm.towards(begin, target, 15)
    after = poses.difference(target, arm.forward(q)).norm(dim=-1)
    assert (after < 0.2 * before).all()
    assert (q >= arm.lower).all() and (q <= arm.upper).all()
