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
    base = FINGER_JOINTS["thumb"][0]
    of_thumb = np.flatnonzero(model.weights[:, list(FINGER_JOINTS["thumb"])].sum(1) > 0.5)
    room = []  # the open thumb is put where it has most room
    places = [(a, b) for a in np.linspace(-0.7, 0.7, 8) for b in (-0.8, -0.4, 0.0)]
    for aside, back in places:
        angles[base - 1, :2] = back * -limits.lower[base - 1, 0], aside * limits.upper[base - 1, 1]
        pose[3:] = limits.pose_from_angles(angles)
        room.append(nearest(translation, of_thumb))
    aside, back = places[int(np.argmax(room))]
    angles[base - 1, :2] = back * -limits.lower[base - 1, 0], aside * limits.upper[base - 1, 1]
    for finger in FINGERS:
        joints = np.array(FINGER_JOINTS[finger]) - 1
        vertices = np.flatnonzero(model.weights[:, joints + 1].sum(1) > 0.5)
        opened, bent = angles[joints, 0].copy(), 0.0
        while bent < 0.85:
            angles[joints, 0] = opened + (bent + _STEP) * (limits.upper[joints, 0] - opened)
            pose[3:] = limits.pose_from_angles(angles)
            if nearest(translation, vertices) < TOUCH:
                break
            bent += _STEP
        angles[joints, 0] = opened + bent * (limits.upper[joints, 0] - opened)
        pose[3:] = limits.pose_from_angles(angles)
