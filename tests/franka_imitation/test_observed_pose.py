"""Poses of the object from a topic: which ones the arm may follow."""

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, PoseWithCovariance, PoseWithCovarianceStamped

from franka_imitation.nodes.observed_pose import ObservationConfig, observed_pose
from rhov_core.errors import InputError
from rhov_core.messages import pose_to_msg, time_to_msg
from rhov_core.pose import exp_rotation, make_transform

T_BASE_CAMERA = make_transform(exp_rotation([0.3, -2.0, 0.4]), [1.0, 0.2, 0.6])
POSE = make_transform(exp_rotation([0.1, 0.2, 0.3]), [0.1, -0.2, 0.5])
NOW = 1000.0


def seen(frame="base", stamp=NOW, sigma=(0.001, 0.01)):
    pose = PoseWithCovariance(pose=pose_to_msg(POSE))
    pose.covariance = np.diag(np.repeat(np.square(sigma), 3)).ravel().tolist()
    message = PoseWithCovarianceStamped(pose=pose)
    message.header.frame_id, message.header.stamp = frame, time_to_msg(stamp)
    return message


def read(message, **settings):
    return observed_pose(message, "base", T_BASE_CAMERA, NOW, ObservationConfig(**settings))


def test_poses_of_the_base_and_of_the_camera():
    for frame in ("", "base"):
        time, T = read(seen(frame, NOW - 0.25))
        assert time == NOW - 0.25
        np.testing.assert_allclose(T, POSE, atol=1e-9)
    np.testing.assert_allclose(read(seen("camera_optical_frame"))[1], T_BASE_CAMERA @ POSE, atol=1e-9)
    np.testing.assert_allclose(read(seen("eye"), camera_frame="eye")[1], T_BASE_CAMERA @ POSE, atol=1e-9)


@pytest.mark.parametrize("frame", ["world", "camera", "/base"])
def test_another_frame_is_not_taken_for_the_camera(frame):
    with pytest.raises(InputError, match=f"in '{frame}'"):
        read(seen(frame))


@pytest.mark.parametrize("stamp", [NOW + 0.3, NOW + 1e6, NOW - 2.5, 0.0])
def test_stamps_of_another_clock_are_refused_with_both_times(stamp):
    with pytest.raises(InputError, match=rf"stamped {stamp:.3f} s, the robot's state 1000.000 s"):
        read(seen(stamp=stamp))


@pytest.mark.parametrize("sigma", [(0.04, 0.01), (0.001, 0.6), (np.inf, 0.01), (0.001, np.nan)])
def test_uncertain_poses_are_refused(sigma):
    with pytest.raises(InputError, match="standard deviation"):
        read(seen(sigma=sigma))


def test_certainty_counts_along_the_worst_axis():
    message = seen()
    axis = np.array([1.0, -1.0, 1.0]) / np.sqrt(3)
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = 0.04**2 * np.outer(axis, axis)  # 2.3 cm along each coordinate
    message.pose.covariance = covariance.ravel().tolist()
    with pytest.raises(InputError, match=r"0\.04 m"):
        read(message)
    read(message, position_sigma=0.05)


def test_a_covariance_of_zeros_is_one_that_is_not_known():
    read(seen(sigma=(0.0, 0.0)))


def test_the_simulation_stamps_by_the_robots_clock():
    message = PoseStamped(pose=pose_to_msg(POSE))
    message.header.frame_id, message.header.stamp = "base", time_to_msg(NOW + 5)
    assert read(message)[0] == NOW + 5
