import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from rhov_core.errors import InputError
from rhov_core.messages import object_estimate_from_msg, object_estimate_to_msg
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import ObjectState

HEADER = Header(frame_id="camera", stamp=Time(sec=1, nanosec=500_000_000))
T = make_transform(exp_rotation([0.1, 2.0, -0.3]), [0.1, 0.2, 0.6])


def test_estimate_survives():
    covariance = np.arange(36.0).reshape(6, 6)
    estimate = ObjectEstimate(9, 1.5, T, covariance, ObjectState.REINITIALISED, 0.5, 42, 0.25)
    message = object_estimate_to_msg(estimate, "box", HEADER)
    assert (message.object_name, message.state, message.header) == ("box", message.REINITIALISED, HEADER)
    back = object_estimate_from_msg(message)
    np.testing.assert_allclose(back.T_camera_object, T, atol=1e-12)
    np.testing.assert_array_equal(back.covariance, covariance)
    assert (back.frame_index, back.stamp, back.state) == (9, 1.5, ObjectState.REINITIALISED)
    assert (back.mask_iou, back.feature_inliers, back.residual) == (0.5, 42, 0.25)


def test_what_is_unknown_stays_unknown():
    message = object_estimate_to_msg(ObjectEstimate(0, 0.0, T, np.eye(6), ObjectState.LOST), "box", HEADER)
    assert message.mask_iou == -1
    back = object_estimate_from_msg(message)
    assert math.isnan(back.mask_iou)
    assert math.isnan(back.residual)


def test_bad_estimates_are_refused():
    good = ObjectEstimate(0, 0.0, T, np.eye(6), ObjectState.TRACKED)
    message = object_estimate_to_msg(good, "box", HEADER)
    message.state = 7
    with pytest.raises(InputError, match="state"):
        object_estimate_from_msg(message)
    message = object_estimate_to_msg(good, "box", HEADER)
    message.pose.covariance[3] = np.nan
    with pytest.raises(InputError, match="covariance"):
        object_estimate_from_msg(message)
    message = object_estimate_to_msg(good, "box", HEADER)
    message.mask_iou = float("nan")
    with pytest.raises(InputError, match="overlap"):
        object_estimate_from_msg(message)
