"""`HandObjectTrajectory` and its message."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rhov_msgs.msg import HandObjectTrajectory as HandObjectTrajectoryMsg
from std_msgs.msg import Header

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.messages.camera import camera_from_msg, camera_to_msg
from rhov_core.messages.estimate import object_state
from rhov_core.messages.geometry import pose_from_msg, pose_to_msg, time_from_msg, time_to_msg
from rhov_core.trajectory import HandObjectTrajectory


def trajectory_to_msg(trajectory: HandObjectTrajectory, header: Header, *, final: bool) -> HandObjectTrajectoryMsg:
    """The message of a trajectory.

    Args:
        trajectory: A window or a whole clip.
        header: The camera's frame and the stamp of the last frame.
        final: Whether it is the whole clip.
    """
    width, height = trajectory.image_size.tolist()
    return HandObjectTrajectoryMsg(
        header=header,
        final=final,
        camera=camera_to_msg(Camera(trajectory.K, width, height), header),
        frame_index=array("I", trajectory.frame_index.astype(np.uint32).tobytes()),
        stamps=[time_to_msg(seconds) for seconds in trajectory.stamp.tolist()],
        object_name=trajectory.object_name,
        object_scale=float(trajectory.object_scale),
        object_poses=[pose_to_msg(T) for T in trajectory.T_camera_object],
        object_covariances=_doubles(trajectory.object_covariance),
        object_states=array("B", trajectory.object_state.astype(np.uint8).tobytes()),
        hand_side=trajectory.hand_side,
        hand_model=trajectory.hand_model,
        hand_valid=trajectory.hand_valid.tolist(),
        hand_poses=_doubles(trajectory.hand_pose),
        hand_shape=trajectory.hand_shape.copy(),
        hand_translations=_doubles(trajectory.hand_translation),
        hand_joints=_doubles(trajectory.hand_joints),
    )


def trajectory_from_msg(message: HandObjectTrajectoryMsg) -> HandObjectTrajectory:
    """The trajectory of a message.

    Raises:
        InputError: If it has no frames, lengths differ, a number is not finite or frames are not in order.
    """
    n = len(message.frame_index)
    if n == 0:
        raise InputError("the trajectory has no frames", "at least one frame", "wait for a longer window")
    camera = camera_from_msg(message.camera)
    poses = [pose_from_msg(pose) for pose in message.object_poses]
    return HandObjectTrajectory(
        frame_index=np.asarray(message.frame_index, np.int64),
        stamp=np.array([time_from_msg(stamp) for stamp in message.stamps]),
        K=camera.K,
        image_size=np.array([camera.width, camera.height]),
        object_name=message.object_name,
        T_camera_object=np.reshape(poses, (-1, 4, 4)),
        object_scale=message.object_scale,
        object_covariance=_rows("object_covariances", message.object_covariances, n, 6, 6),
        object_state=np.array([int(object_state(state)) for state in message.object_states]),
        hand_side=message.hand_side,
        hand_pose=_rows("hand_poses", message.hand_poses, n, 48),
        hand_shape=message.hand_shape,
        hand_translation=_rows("hand_translations", message.hand_translations, n, 3),
        hand_joints=_rows("hand_joints", message.hand_joints, n, 21, 3),
        hand_valid=np.asarray(message.hand_valid, np.bool_),
        hand_model=message.hand_model,
    )


def _doubles(values: FloatArray) -> array[float]:
    return array("d", values.astype(np.float64).tobytes())


def _rows(name: str, values: Any, count: int, *shape: int) -> NDArray[np.float64]:
    flat = np.asarray(values, np.float64)
    expected = count * int(np.prod(shape))
    if flat.size != expected:
        raise InputError(f"{name} has {flat.size} numbers", f"{expected} for {count} frames", "check its publisher")
    return flat.reshape(count, *shape)
