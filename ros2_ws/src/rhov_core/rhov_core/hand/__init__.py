"""The hand model: skinning, shape, joint limits, MANO files."""

from rhov_core.hand.layout import FINGER_JOINTS, FINGERS, KEYPOINT_BONES, KEYPOINT_SOURCE, PARENTS
from rhov_core.hand.limits import JointLimits
from rhov_core.hand.model import HandArrays, HandGeometry, HandModel, mirror_pose

__all__ = [
    "FINGERS",
    "FINGER_JOINTS",
    "KEYPOINT_BONES",
    "KEYPOINT_SOURCE",
    "PARENTS",
    "HandArrays",
    "HandGeometry",
    "HandModel",
    "JointLimits",
    "mirror_pose",
]
