import mujoco
import numpy as np
import pytest

from franka_imitation.kinematics import Kinematics
from franka_imitation.postures import reach
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from rhov_core.pose import difference, make_transform


@pytest.fixture(scope="module")
def scene(box):
    return build_scene(Robot.load("panda"), box)


@pytest.fixture(scope="module")
def kinematics(scene):
    return Kinematics(scene, margin=0.05)


@pytest.fixture(scope="module")
def postures(kinematics):
    return np.random.default_rng(0).uniform(kinematics.lower, kinematics.upper, (40, 7))


def test_forward_kinematics_are_those_of_mujoco(scene, kinematics, postures):
    data = mujoco.MjData(scene.model)
    for q, T in zip(postures, kinematics.forward(postures), strict=True):
        data.qpos[:7] = q
        mujoco.mj_kinematics(scene.model, data)
        rotation = data.site_xmat[scene.tcp_site].reshape(3, 3)
        assert pytest.approx(make_transform(rotation, data.site_xpos[scene.tcp_site]), abs=1e-9) == T


def test_the_jacobian_is_the_derivative(kinematics, postures):
    poses, jacobian = kinematics.jacobian(postures)
    for joint in range(7):
        step = 1e-6 * np.eye(7)[joint]
        numeric = difference(kinematics.forward(postures + step), kinematics.forward(postures - step)) / 2e-6
        assert jacobian[:, :, joint] == pytest.approx(numeric, abs=1e-6)
    assert poses == pytest.approx(kinematics.forward(postures))


def test_inverse_kinematics_return_to_the_pose(kinematics, postures):
    near = postures + np.random.default_rng(1).normal(0, 0.1, postures.shape)
    targets = kinematics.forward(postures)
    solution = kinematics.inverse(targets, near, iterations=40)
    good = solution.reached()
    assert good.mean() > 0.9
    assert difference(kinematics.forward(solution.q), targets)[good] == pytest.approx(0, abs=5e-3)
    assert (solution.q >= kinematics.lower).all() and (solution.q <= kinematics.upper).all()


def test_a_pose_out_of_reach_is_not_reached(kinematics):
    far = make_transform(np.eye(3), [[1.5, 0.0, 0.3]])
    solution = kinematics.inverse(far, kinematics.rest[None], iterations=30)
    assert not solution.reached().any()
    assert solution.position_error[0] > 0.5


def test_a_path_is_followed_without_jumps(kinematics):
    start = kinematics.forward(kinematics.rest[None])
    targets = np.repeat(start[None], 50, axis=0)
    targets[:, 0, 1, 3] += np.linspace(0, 0.25, 50)
    solution = kinematics.follow(targets, kinematics.rest[None])
    assert solution.reached().all()
    assert np.abs(np.diff(solution.q[:, 0], axis=0)).max() < 0.03


def test_several_postures_reach_a_pose(kinematics):
    target = kinematics.forward(kinematics.rest[None])
    owner, q = reach(target, kinematics, 3)
    assert len(q) == 3 and (owner == 0).all()
    assert np.abs(difference(kinematics.forward(q), np.repeat(target, 3, axis=0))).max() < 5e-3
    assert np.abs(q[0] - q[1]).max() > 0.2


def test_straight_elbows_are_nearly_singular(kinematics):
    straight = np.array([0.0, 0.0, 0.0, -0.07, 0.0, 1.6, 0.8])
    values = kinematics.manipulability(np.stack([kinematics.rest, straight]))
    assert values[1] < 0.3 * values[0]


def test_no_posture_reaches_farther_than_the_length_from_the_shoulder(kinematics):
    q = np.random.default_rng(0).uniform(kinematics.lower, kinematics.upper, (3000, 7))
    distance = np.linalg.norm(kinematics.forward(q)[:, :3, 3] - kinematics.shoulder, axis=1)
    assert 0.7 * kinematics.length < distance.max() <= kinematics.length
    assert kinematics.shoulder == pytest.approx([0, 0, 0.333])
