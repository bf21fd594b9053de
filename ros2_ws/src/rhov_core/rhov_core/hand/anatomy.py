"""Directions in the resting hand: to which side the fingers close, and the axes about which each joint turns."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS


def palm_axes(joints: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Unit vectors (3,) out of a right hand's palm, and across it towards the thumb.

    Args:
        joints: (16, 3) a right hand's joints at rest [m].
    """
    wrist, index, little = joints[0], joints[FINGER_JOINTS["index"][0]], joints[FINGER_JOINTS["little"][0]]
    palmar = np.cross(index - wrist, little - wrist)
    radial = index - little
    forward = (index + little) / 2 - wrist
    radial -= forward * (radial @ forward) / (forward @ forward)
    return palmar / np.linalg.norm(palmar), radial / np.linalg.norm(radial)


def finger_bones(joints: FloatArray, tips: FloatArray) -> FloatArray:
    """Unit vectors (16, 3) along the bone that starts at each joint; zero for the wrist.

    Args:
        joints: (16, 3) at rest [m].
        tips: (5, 3) fingertips at rest [m], thumb first.
    """
    bones = np.zeros((16, 3))
    for finger, tip in zip(FINGERS, tips, strict=True):
        chain = list(FINGER_JOINTS[finger])
        steps = np.diff([*joints[chain], tip], axis=0)
        bones[chain] = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    return bones


def closing_directions(joints: FloatArray, tips: FloatArray) -> FloatArray:
    """Unit vectors (16, 3) across each bone, to the side to which flexion turns it; zero for the wrist.

    Fingers close towards the palm, the thumb towards the base of the little finger.

    Args:
        joints: (16, 3) a right hand's joints at rest [m].
        tips: (5, 3) its fingertips [m], thumb first.
    """
    bones = finger_bones(joints, tips)
    palmar, _ = palm_axes(joints)
    across = np.tile(palmar, (16, 1))
    across[list(FINGER_JOINTS["thumb"])] = joints[FINGER_JOINTS["little"][0]] - joints[FINGER_JOINTS["thumb"][0]]
    across -= bones * (across * bones).sum(1, keepdims=True)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    across[0] = 0
    return across


def joint_axes(joints: FloatArray, tips: FloatArray) -> FloatArray:
    """Axes (15, 3, 3) of the finger joints 1 to 15 of a right hand, rows: flexion, abduction, twist.

    A positive angle closes the finger, moves it towards the thumb's side (the thumb: away from the palm's plane),
    and turns it about its own bone. The rows are orthonormal.

    Args:
        joints: (16, 3) a right hand's joints at rest [m].
        tips: (5, 3) its fingertips [m], thumb first.
    """
    bones, closing = finger_bones(joints, tips)[1:], closing_directions(joints, tips)[1:]
    palmar, radial = palm_axes(joints)
    aside = np.tile(radial, (15, 1))
    aside[[joint - 1 for joint in FINGER_JOINTS["thumb"]]] = palmar
    flexion = np.cross(bones, closing)
    abduction = np.cross(bones, aside)
    abduction -= flexion * (abduction * flexion).sum(1, keepdims=True)
    abduction -= bones * (abduction * bones).sum(1, keepdims=True)
    abduction /= np.linalg.norm(abduction, axis=1, keepdims=True)
    return np.stack([flexion, abduction, bones], axis=1)
