"""The hand model: skinning, shape, joint limits, MANO files."""

from rhov_core.hand.bridge import BridgedHand, bridge_gaps
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS, KEYPOINT_BONES, KEYPOINT_SOURCE, PARENTS
from rhov_core.hand.limits import JointLimits
from rhov_core.hand.model import HandArrays, HandGeometry, HandModel, mirror_pose

__all__ = [
    "FINGERS",
    "FINGER_JOINTS",
    "KEYPOINT_BONES",
    "KEYPOINT_SOURCE",
    "PARENTS",
    "BridgedHand",
    "HandArrays",
    "HandGeometry",
    "HandModel",
    "JointLimits",
    "bridge_gaps",
    "mirror_pose",
]
