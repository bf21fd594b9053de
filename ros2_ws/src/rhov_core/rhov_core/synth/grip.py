"""A hand that holds an object: the palm is brought to its side and the fingers close until they touch it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.hand.anatomy import palm_axes
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS
from rhov_core.hand.limits import JointLimits
from rhov_core.pose import log_rotation
from rhov_core.sdf import SignedDistanceGrid

TOUCH = 0.0005
"""Nearer than this counts as touching [m]."""
_STEP = 0.05
_THUMB_OPPOSITION = 0.55
"""How far the thumb is turned towards the fingers before it closes, as a fraction of its range."""


def grip(
    model: HandModel, distance: SignedDistanceGrid, centre: FloatArray, approach: FloatArray, fingers: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Pose of a hand around an object, in the object's frame.

    Args:
        model: The hand.
        distance: Of the object.
        centre: (3,) point in the object that the palm faces [m].
        approach: (3,) unit vector from the palm into the object.
        fingers: (3,) unit vector along which the straight fingers point, at right angles to `approach`.

    Returns:
        Pose (48,) [rad] and translation (3,) [m] of the hand model.
    """
    palm, radial = palm_axes(model.joint_template)
    forward = np.cross(radial, palm)
    forward *= np.sign(forward @ (model.joint_template[4] - model.joint_template[0]))
    at_rest = np.stack([palm, forward, np.cross(palm, forward)], axis=1)
    in_object = np.stack([approach, fingers, np.cross(approach, fingers)], axis=1)
    R = in_object @ at_rest.T
    pose = np.zeros(48)
    pose[:3] = log_rotation(R)
    wrist = model.joint_template[0]
    palm_centre = wrist + 0.72 * (model.joint_template[4] - wrist)
    offset = wrist + R @ (palm_centre - wrist)

    def nearest(translation: FloatArray, vertices: slice | np.ndarray = slice(None)) -> float:
        hand = model.forward_numpy(pose, np.zeros(10), translation).vertices[0]
        return float(distance.distance(hand[vertices]).min())

    palm_vertices = np.flatnonzero(model.weights[:, 0] > 0.6)
    back = 0.12
    while back > -0.05 and nearest(centre - approach * back - offset, palm_vertices) > TOUCH:
        back -= 0.002
    translation = centre - approach * (back + 0.004) - offset
    _close(model, pose, translation, nearest)
    return pose, translation


def _close(
    model: HandModel, pose: FloatArray, translation: FloatArray, nearest: Callable[[FloatArray, np.ndarray], float]
) -> None:
    """Bends the fingers in place, each as far as it gets without touching."""
    limits = JointLimits.of(model)
    angles = np.zeros((15, 3))
    thumb = FINGER_JOINTS["thumb"][0] - 1
    angles[thumb, 1] = _THUMB_OPPOSITION * limits.upper[thumb, 1]
    for finger in FINGERS:
        joints = np.array(FINGER_JOINTS[finger]) - 1
        vertices = np.flatnonzero(model.weights[:, joints + 1].sum(1) > 0.5)
        bent = 0.0
        while bent < 0.85:
            angles[joints, 0] = (bent + _STEP) * limits.upper[joints, 0]
            pose[3:] = limits.pose_from_angles(angles)
            if nearest(translation, vertices) < TOUCH:
                break
            bent += _STEP
        angles[joints, 0] = bent * limits.upper[joints, 0]
        pose[3:] = limits.pose_from_angles(angles)
