"""Which poses of the object from a topic the arm may follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped

from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.messages import pose_from_msg, time_from_msg


@dataclass(frozen=True)
class ObservationConfig:
    """What a measured pose has to keep to."""

    camera_frame: str = setting(
        "camera_optical_frame", "frame of poses that are measured by the camera, frame_id of its images"
    )
    position_sigma: float = setting(0.03, "poses less certain are left out, by their longest axis [m]", low=1e-6)
    rotation_sigma: float = setting(0.5, "the same for the rotation [rad]", low=1e-6)
    ahead: float = setting(0.2, "stamps may be so far ahead of the robot's state [s]", low=0.0, high=1.0)
    delay: float = setting(2.0, "stamps may be so far behind the robot's state [s]", low=0.1)

    def __post_init__(self) -> None:
        check_ranges(self)


def observed_pose(
    message: PoseStamped | PoseWithCovarianceStamped,
    base_frame: str,
    T_base_camera: FloatArray,
    robot_time: float,
    config: ObservationConfig,
) -> tuple[float, FloatArray]:
    """Time [s] and T_base_object (4, 4) of a message.

    Args:
        message: In the robot's base frame, which an empty name stands for, or in the camera's. A covariance of zeros
            stands for one that is not known.
        base_frame: Name of the robot's base frame.
        T_base_camera: (4, 4)
        robot_time: Of the robot's last state [s].
        config: What it has to keep to.

    Raises:
        InputError: If it cannot be used; says why.
    """
    time, frame, pose = time_from_msg(message.header.stamp), message.header.frame_id, message.pose
    if isinstance(message, PoseWithCovarianceStamped):  # not the simulation, which stamps by the robot's clock
        _check_clock(time, robot_time, config)
        _check_certainty(np.array(pose.covariance).reshape(6, 6), config)
        pose = pose.pose
    if frame in ("", base_frame):
        return time, pose_from_msg(pose)
    if frame != config.camera_frame:
        raise InputError(
            f"the pose is in '{frame}'",
            f"the frames '{base_frame}' and '{config.camera_frame}'",
            "name the camera's frame by observation.camera_frame, or transform the pose first",
        )
    return time, T_base_camera @ pose_from_msg(pose)


def _check_clock(time: float, robot_time: float, config: ObservationConfig) -> None:
    if not -config.delay <= time - robot_time <= config.ahead:
        raise InputError(
            f"the pose is stamped {time:.3f} s, the robot's state {robot_time:.3f} s",
            f"stamps up to {config.delay:g} s before and {config.ahead:g} s after the robot's",
            "let camera and robot stamp by the same clock",
        )


def _check_certainty(covariance: FloatArray, config: ObservationConfig) -> None:
    for part, largest, unit in (
        (covariance[:3, :3], config.position_sigma, "m"),
        (covariance[3:, 3:], config.rotation_sigma, "rad"),
    ):
        variance = float(np.linalg.eigvalsh(part).max()) if np.isfinite(part).all() else np.inf
        if not 0 <= variance <= largest**2:
            raise InputError(
                f"the pose has a standard deviation of {np.sqrt(max(variance, 0)):.3g} {unit}",
                f"at most {largest:g} {unit}",
                "wait until the object is seen well, or allow more by observation.position_sigma and rotation_sigma",
            )
