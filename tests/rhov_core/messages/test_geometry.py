import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose
from std_msgs.msg import Header

from rhov_core.errors import InputError
from rhov_core.messages import (
    pose_from_msg,
    pose_to_msg,
    time_from_msg,
    time_to_msg,
    transform_from_msg,
    transform_to_msg,
)
from rhov_core.pose import exp_rotation, make_transform


@pytest.mark.parametrize("seconds", [0.0, 1 / 3, 12345.678901234, -0.25])
def test_time_survives_to_the_nanosecond(seconds):
    assert time_from_msg(time_to_msg(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_time_that_rounds_up_to_a_whole_second_carries_over():
    assert time_to_msg(1.9999999999) == Time(sec=2, nanosec=0)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e12])
def test_time_that_does_not_fit_is_refused(seconds):
    with pytest.raises(InputError):
        time_to_msg(seconds)


@pytest.mark.parametrize("seed", range(5))
def test_pose_and_transform_survive(seed):
    rng = np.random.default_rng(seed)
    T = make_transform(exp_rotation(rng.normal(size=3) * 2), rng.normal(size=3))
    np.testing.assert_allclose(pose_from_msg(pose_to_msg(T)), T, atol=1e-12)
    message = transform_to_msg(T, Header(frame_id="camera"), "object")
    assert (message.header.frame_id, message.child_frame_id) == ("camera", "object")
    np.testing.assert_allclose(transform_from_msg(message), T, atol=1e-12)


def test_pose_from_msg_uses_the_order_x_y_z_w():
    pose = Pose()
    pose.orientation.w, pose.orientation.z = np.sqrt(0.5), np.sqrt(0.5)
    np.testing.assert_allclose(pose_from_msg(pose)[:3, :3] @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_pose_with_a_zero_quaternion_or_nan_is_refused():
    pose = Pose()
    pose.orientation.w = 0.0
    with pytest.raises(InputError, match="norm"):
        pose_from_msg(pose)
    pose = Pose()
    pose.position.y = float("nan")
    with pytest.raises(InputError, match="finite"):
        pose_from_msg(pose)
