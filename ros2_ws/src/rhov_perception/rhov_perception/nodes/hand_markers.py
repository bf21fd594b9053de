"""The hand's skeleton for RViz."""

from __future__ import annotations

from geometry_msgs.msg import Point
from rhov_msgs.msg import HandEstimate
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from rhov_core.cues import HandEstimate as Hand
from rhov_core.hand import KEYPOINT_BONES

JOINT_DIAMETER, BONE_WIDTH = 0.012, 0.005
"""[m]"""
_JOINT_COLOUR = ColorRGBA(r=0.95, g=0.75, b=0.6, a=1.0)
_BONE_COLOUR = ColorRGBA(r=0.2, g=0.6, b=0.9, a=1.0)


def hand_markers(hand: Hand | None, message: HandEstimate) -> MarkerArray:
    """Joints and bones in the camera's frame; removes the last ones where there is no hand.

    Args:
        hand: The hand, None without one.
        message: The estimate that carries the header.
    """
    joints = Marker(header=message.header, ns="hand_joints", type=Marker.SPHERE_LIST, color=_JOINT_COLOUR)
    bones = Marker(header=message.header, ns="hand_bones", type=Marker.LINE_LIST, color=_BONE_COLOUR)
    joints.scale.x = joints.scale.y = joints.scale.z = JOINT_DIAMETER
    bones.scale.x = BONE_WIDTH
    for marker in (joints, bones):
        marker.pose.orientation.w = 1.0
        marker.action = Marker.DELETE if hand is None else Marker.ADD
    if hand is not None:
        points = [Point(x=x, y=y, z=z) for x, y, z in hand.joints.tolist()]
        joints.points = points
        bones.points = [points[end] for bone in KEYPOINT_BONES.tolist() for end in bone]
    return MarkerArray(markers=[joints, bones])
