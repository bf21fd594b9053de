import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.messages import camera_from_msg, camera_to_msg

DISTORTIONS = [[], [0.1, -0.2, 0.001, 0.002, 0.03], [0.1, -0.2, 0.001, 0.002, 0.03, 0.01, 0.02, -0.01]]


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_camera_survives(distortion):
    camera = Camera(np.array([[500.0, 0, 310], [0, 510, 230], [0, 0, 1]]), 640, 480, np.array(distortion))
    message = camera_to_msg(camera, Header(frame_id="camera_optical_frame"))
    back = camera_from_msg(message)
    np.testing.assert_array_equal(back.K, camera.K)
    assert (back.width, back.height, back.is_distorted) == (640, 480, bool(distortion))
    points = np.array([[0.1, -0.2, 1.0], [0.3, 0.1, 2.0]])
    np.testing.assert_allclose(back.project(points), camera.project(points))
    np.testing.assert_array_equal(np.reshape(message.p, (3, 4))[:, :3], camera.K)


def test_region_of_interest_and_binning_move_the_picture():
    camera = Camera.from_focal(500, 640, 480)
    message = camera_to_msg(camera, Header())
    message.roi.x_offset, message.roi.y_offset, message.roi.width, message.roi.height = 100, 50, 320, 240
    point = np.array([0.02, 0.01, 1.0])
    np.testing.assert_allclose(camera_from_msg(message).project(point), camera.project(point) - [100, 50])
    message.binning_x = message.binning_y = 2
    binned = camera_from_msg(message)
    assert (binned.width, binned.height, binned.fx) == (160, 120, 250)


def test_uncalibrated_unknown_and_not_finite_cameras_are_refused():
    with pytest.raises(InputError, match="not calibrated"):
        camera_from_msg(CameraInfo(width=640, height=480))
    message = camera_to_msg(Camera.from_focal(500, 640, 480), Header())
    message.distortion_model = "equidistant"
    with pytest.raises(InputError, match="equidistant"):
        camera_from_msg(message)
    message = camera_to_msg(Camera.from_focal(500, 640, 480), Header())
    message.k[2] = np.nan
    with pytest.raises(InputError, match="finite"):
        camera_from_msg(message)
