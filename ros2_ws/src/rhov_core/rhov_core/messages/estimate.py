"""`ObjectEstimate` and its message."""

from __future__ import annotations

import math

from geometry_msgs.msg import PoseWithCovariance
from rhov_msgs.msg import ObjectEstimate as ObjectEstimateMsg
from std_msgs.msg import Header

from rhov_core.arrays import checked
from rhov_core.errors import InputError
from rhov_core.messages.geometry import pose_from_msg, pose_to_msg, time_from_msg
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState

_ABSENT = -1.0


def object_estimate_to_msg(estimate: ObjectEstimate, object_name: str, header: Header) -> ObjectEstimateMsg:
    """The tracked pose in the frame with this header; overlap and residual are -1 where they are unknown."""
    return ObjectEstimateMsg(
        header=header,
        frame_index=estimate.frame_index,
        object_name=object_name,
        state=int(estimate.state),
        pose=PoseWithCovariance(pose=pose_to_msg(estimate.T_camera_object), covariance=estimate.covariance.flatten()),
        mask_iou=_number(estimate.mask_iou),
        feature_inliers=estimate.feature_inliers,
        residual=_number(estimate.residual),
    )


def object_estimate_from_msg(message: ObjectEstimateMsg) -> ObjectEstimate:
    """The tracked pose of a message.

    Raises:
        InputError: If the state is unknown, a number is not finite or the quaternion is not of norm 1.
    """
    return ObjectEstimate(
        frame_index=message.frame_index,
        stamp=time_from_msg(message.header.stamp),
        T_camera_object=pose_from_msg(message.pose.pose),
        covariance=checked("the covariance of the object", message.pose.covariance, (36,)).reshape(6, 6),
        state=object_state(message.state),
        mask_iou=_nan_if_absent("the overlap with the mask", message.mask_iou),
        feature_inliers=message.feature_inliers,
        residual=_nan_if_absent("the residual", message.residual),
    )


def object_state(value: int) -> ObjectState:
    """The state of a number in a message.

    Raises:
        InputError: If there is no such state.
    """
    try:
        return ObjectState(value)
    except ValueError:
        names = ", ".join(f"{state.value} ({state.name})" for state in ObjectState)
        raise InputError(f"the state of the object is {value}", names, "check its publisher") from None


def _number(value: float) -> float:
    return _ABSENT if math.isnan(value) else float(value)


def _nan_if_absent(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise InputError(f"{name} is {value}", "a number, or -1 where it is unknown", "check its publisher")
    return math.nan if value < 0 else float(value)
