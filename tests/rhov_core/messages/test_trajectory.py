from dataclasses import fields

import numpy as np
import pytest
from geometry_msgs.msg import Pose
from std_msgs.msg import Header

from rhov_core.errors import InputError
from rhov_core.messages import trajectory_from_msg, trajectory_to_msg
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import HandObjectTrajectory

N = 4


@pytest.fixture
def trajectory():
    rng = np.random.default_rng(4)
    return HandObjectTrajectory(
        frame_index=np.array([3, 4, 6, 9]),
        stamp=np.array([0.1, 0.2, 0.4, 0.7]),
        K=np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]),
        image_size=np.array([640, 480]),
        object_name="box",
        T_camera_object=make_transform(exp_rotation(rng.normal(size=(N, 3))), rng.normal(size=(N, 3))),
        object_scale=0.9,
        object_covariance=rng.normal(size=(N, 6, 6)),
        object_state=np.array([1, 0, 2, 1]),
        hand_side="left",
        hand_pose=rng.normal(size=(N, 48)),
        hand_shape=rng.normal(size=10),
        hand_translation=rng.normal(size=(N, 3)),
        hand_joints=rng.normal(size=(N, 21, 3)),
        hand_valid=np.array([True, False, True, True]),
        hand_model="anny_right_hand16",
    )


def test_trajectory_survives(trajectory):
    message = trajectory_to_msg(trajectory, Header(frame_id="camera"), final=True)
    assert message.final
    assert message.camera.width == 640
    back = trajectory_from_msg(message)
    for field in fields(HandObjectTrajectory):
        given, got = getattr(trajectory, field.name), getattr(back, field.name)
        if isinstance(given, np.ndarray):
            np.testing.assert_allclose(got, given, atol=1e-9, err_msg=field.name)
        else:
            assert got == given


def test_trajectories_that_do_not_fit_together_are_refused(trajectory):
    for name, change in (
        ("frame_index", lambda values: values[:0]),
        ("frame_index", lambda values: values[::-1]),
        ("stamps", lambda values: values[:-1]),
        ("object_poses", lambda values: [*values[:-1], Pose()][: N - 1]),
        ("object_covariances", lambda values: values[:-1]),
        ("object_states", lambda values: type(values)("B", [1, 1, 1, 5])),
        ("hand_poses", lambda values: values[:-1]),
        ("hand_joints", lambda values: type(values)("d", [float("nan"), *values[1:]])),
        ("hand_valid", lambda values: values[:-1]),
        ("object_scale", lambda scale: -scale),
        ("object_scale", lambda scale: float("nan")),
    ):
        message = trajectory_to_msg(trajectory, Header(), final=False)
        setattr(message, name, change(getattr(message, name)))
        with pytest.raises(InputError):
            trajectory_from_msg(message)
