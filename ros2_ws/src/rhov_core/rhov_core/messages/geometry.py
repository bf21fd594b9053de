"""Times, poses and transforms."""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion, Transform, TransformStamped, Vector3
from numpy.typing import ArrayLike
from std_msgs.msg import Header

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.pose import make_transform, quaternion_from_rotation, rotation_from_quaternion

NANO = 1_000_000_000
NORM_TOLERANCE = 1e-2
"""How far a quaternion's norm may be from 1; single precision drivers are well within."""


def time_to_msg(seconds: float) -> Time:
    """A `Time`, rounded to the nanosecond.

    Raises:
        InputError: If the time is not finite or does not fit (it must lie within 68 years of 1970).
    """
    if not (math.isfinite(seconds) and abs(seconds) < 2**31 - 1):
        raise InputError(f"the time is {seconds} s", "seconds within 68 years of 1970", "correct the stamp")
    whole = math.floor(seconds)
    nanoseconds = whole * NANO + round((seconds - whole) * NANO)
    return Time(sec=nanoseconds // NANO, nanosec=nanoseconds % NANO)


def time_from_msg(message: Time) -> float:
    """Seconds; exact to a nanosecond near zero and to a microsecond for the time of day."""
    return message.sec + message.nanosec / NANO


def pose_to_msg(transform: ArrayLike) -> Pose:
    """A `Pose` of a transform (4, 4) [m].

    Raises:
        InputError: If the transform is not a finite 4x4 matrix.
    """
    T = checked("the pose", transform, (4, 4))
    x, y, z, w = quaternion_from_rotation(T[:3, :3]).tolist()
    px, py, pz = T[:3, 3].tolist()
    return Pose(position=Point(x=px, y=py, z=pz), orientation=Quaternion(x=x, y=y, z=z, w=w))


def pose_from_msg(message: Pose) -> FloatArray:
    """The transform (4, 4) [m] of a `Pose`.

    Raises:
        InputError: If a number is not finite or the quaternion is not of norm 1.
    """
    return _transform(message.position, message.orientation, "the pose")


def transform_to_msg(transform: ArrayLike, header: Header, child_frame_id: str) -> TransformStamped:
    """A `TransformStamped` of T_a_b (4, 4) [m], where frame a is `header.frame_id` and frame b is the child.

    Raises:
        InputError: If the transform is not a finite 4x4 matrix.
    """
    pose = pose_to_msg(transform)
    p = pose.position
    return TransformStamped(
        header=header,
        child_frame_id=child_frame_id,
        transform=Transform(translation=Vector3(x=p.x, y=p.y, z=p.z), rotation=pose.orientation),
    )


def transform_from_msg(message: TransformStamped) -> FloatArray:
    """T_a_b (4, 4) [m], where frame a is `header.frame_id` and frame b is the child.

    Raises:
        InputError: If a number is not finite or the quaternion is not of norm 1.
    """
    return _transform(message.transform.translation, message.transform.rotation, "the transform")


def _transform(position: Point | Vector3, orientation: Quaternion, what: str) -> FloatArray:
    t = checked(f"the position of {what}", [position.x, position.y, position.z], (3,))
    q = checked(f"the orientation of {what}", [orientation.x, orientation.y, orientation.z, orientation.w], (4,))
    norm = float(np.linalg.norm(q))
    if abs(norm - 1) > NORM_TOLERANCE:
        raise InputError(f"the orientation of {what} has the norm {norm:g}", "a unit quaternion", "normalise it")
    return make_transform(rotation_from_quaternion(q), t)
