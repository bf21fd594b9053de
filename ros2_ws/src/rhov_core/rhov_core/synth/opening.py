"""How a hand comes to a grasp: an open pose from which it closes on a straight line, and a free way to get there."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand.anatomy import palm_axes
from rhov_core.synth.candidates import straight
from rhov_core.synth.closing import hand_clearance
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.grasp_pose import GraspPose
from rhov_core.synth.hand_skin import PALM, Skin, posed
from rhov_core.synth.hold import BELOW_TABLE, DEEPEST

WAY = 0.12
"""The open hand is free to come along its approach from this far [m]."""
_LINE = np.linspace(0.0, 1.0, 9)
_OPENINGS = (1.0, 0.75, 0.5, 0.3)
_THUMB_BACK = np.array([[-0.45, -0.35, 0.0], [-0.15, 0.0, 0.0], [-0.1, 0.0, 0.0]])
"""How far the thumb opens from its grasp: flexion, abduction, twist of its joints [rad]."""
_LEAST_OPENING = 0.008
"""By how much the tips of thumb and index finger come off the surface at least [m]."""
_TIPS = [2, 5]
_STEPS_OUT = np.array([0.004, 0.01, 0.02, 0.035, 0.055, 0.08, WAY])
_FOREARM, _FOREARM_RADIUS = 0.22, 0.03
"""Length of the forearm that must stay above the table, too, and half its thickness [m]."""
_COSTLY = 0.25
"""Rise of the approach from which on another direction is preferred."""


def opened(pose: GraspPose, target: GraspObject, skin: Skin) -> FloatArray | None:
    """Angles (15, 3) of the widest open hand from which closing on a straight line touches nothing, None if none."""
    clear = np.empty(PALM + 1)
    hand_clearance(skin, target.field, pose.R, pose.t, pose.angles, clear)
    at_grasp = clear.copy()
    for wide in _wide_open(pose, skin):
        for opening in _OPENINGS:
            angles = pose.angles + opening * (wide - pose.angles)
            for s in _LINE[:-1]:
                between = angles + s * (pose.angles - angles)
                hand_clearance(skin, target.field, pose.R, pose.t, between, clear)
                if s == 0.0:
                    off = clear[_TIPS] - at_grasp[_TIPS]
                if (clear < np.minimum(at_grasp, 0.0) - DEEPEST / 2).any() or (off < _LEAST_OPENING).any():
                    break
                if (posed(skin, pose.R, pose.t, between) @ target.up).min() < target.table - BELOW_TABLE:
                    break
            else:
                return angles
    return None


def free_approach(pose: GraspPose, open_angles: FloatArray, target: GraspObject, skin: Skin) -> FloatArray | None:
    """Unit vector (3,) along which the open hand can come from `WAY` outside, above the table; None if none."""
    palm, _ = palm_axes(skin.joints)
    fingers = skin.joints[4] - skin.joints[0]
    normal, forward = pose.R @ palm, pose.R @ (fingers / np.linalg.norm(fingers))
    ways = [pose.approach, normal, forward, normal + forward, normal - target.up, forward - target.up, -target.up]
    ways = [way / np.linalg.norm(way) for way in ways if np.linalg.norm(way) > 0.3]
    clear = np.empty(PALM + 1)
    heights = _heights(pose, open_angles, target, skin)
    for way in sorted(ways, key=lambda w: max(0.0, float(w @ target.up) - _COSTLY)):
        if heights.min() - WAY * max(0.0, float(way @ target.up)) < -BELOW_TABLE:
            continue
        for step in _STEPS_OUT:
            hand_clearance(skin, target.field, pose.R, pose.t - step * way, open_angles, clear)
            if clear.min() < -DEEPEST / 2:
                break
        else:
            return way
    return None


def _wide_open(pose: GraspPose, skin: Skin) -> list[FloatArray]:
    """Angles (15, 3) of open hands: all joints straight, or the fingers turned back at their knuckles only."""
    all_straight = straight(skin)
    thumb = skin.chains[0] - 1
    all_straight[:, 1:] = pose.angles[:, 1:]
    all_straight[thumb] = np.clip(pose.angles[thumb] + _THUMB_BACK, skin.lower[thumb], skin.upper[thumb])
    knuckles = pose.angles.copy()
    first = skin.chains[1:, 0] - 1
    knuckles[first, 0] = np.maximum(pose.angles[first, 0] - 0.7, skin.lower[first, 0])
    knuckles[thumb] = all_straight[thumb]
    return [all_straight, knuckles]


def _heights(pose: GraspPose, angles: FloatArray, target: GraspObject, skin: Skin) -> FloatArray:
    """Heights of the hand's vertices and of the forearm's underside over the table [m]."""
    wrist = skin.joints[0] + pose.t
    backwards = pose.R @ (skin.joints[0] - skin.joints[4])
    elbow = wrist + _FOREARM * backwards / np.linalg.norm(backwards)
    points = np.concatenate([posed(skin, pose.R, pose.t, angles), [elbow - _FOREARM_RADIUS * target.up]])
    return points @ target.up - target.table
