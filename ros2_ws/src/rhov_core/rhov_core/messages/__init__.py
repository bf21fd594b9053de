"""RHOV's data types to and from ROS messages. Together with the nodes, the only place that knows ROS.

Every `*_from_msg` validates what it was sent (sizes, finiteness, encodings) and raises `InputError`, so that a node
can log a bad message and go on. Stamps identify frames to the nanosecond and a float cannot hold that, so every
`*_to_msg` takes the header of the source image instead of making one.
"""

from rhov_core.messages.camera import camera_from_msg, camera_to_msg
from rhov_core.messages.cues import (
    frame_cues_from_msg,
    hand_from_msg,
    hand_mask_from_msg,
    hand_to_msg,
    object_cues_to_msg,
)
from rhov_core.messages.estimate import object_estimate_from_msg, object_estimate_to_msg
from rhov_core.messages.geometry import (
    pose_from_msg,
    pose_to_msg,
    time_from_msg,
    time_to_msg,
    transform_from_msg,
    transform_to_msg,
)
from rhov_core.messages.image import color_from_msg, depth_from_msg, image_to_msg, mask_from_msg, mask_to_msg
from rhov_core.messages.trajectory import trajectory_from_msg, trajectory_to_msg

__all__ = [
    "camera_from_msg",
    "camera_to_msg",
    "color_from_msg",
    "depth_from_msg",
    "frame_cues_from_msg",
    "hand_from_msg",
    "hand_mask_from_msg",
    "hand_to_msg",
    "image_to_msg",
    "mask_from_msg",
    "mask_to_msg",
    "object_cues_to_msg",
    "object_estimate_from_msg",
    "object_estimate_to_msg",
    "pose_from_msg",
    "pose_to_msg",
    "time_from_msg",
    "time_to_msg",
    "trajectory_from_msg",
    "trajectory_to_msg",
    "transform_from_msg",
    "transform_to_msg",
]
