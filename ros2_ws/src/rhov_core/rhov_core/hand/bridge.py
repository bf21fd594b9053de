"""Fills short gaps in the hand's motion, in which no hand was found."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation, Slerp

from rhov_core.arrays import BoolArray, FloatArray, checked
from rhov_core.hand.model import HandModel
from rhov_core.pose import interpolate, inverse, log_rotation


class BridgedHand(NamedTuple):
    """The hand over N frames; frames that were not bridged keep what they had."""

    pose: FloatArray
    """(N, 48) axis-angle [rad]."""
    translation: FloatArray
    """(N, 3) [m]"""
    bridged: BoolArray
    """(N,) where numbers were filled in."""


def bridge_gaps(
    model: HandModel,
    shape: ArrayLike,
    pose: ArrayLike,
    translation: ArrayLike,
    valid: ArrayLike,
    max_gap: int = 10,
    T_camera_object: ArrayLike | None = None,
) -> BridgedHand:
    """Interpolates the hand over gaps of at most `max_gap` frames that have a hand before and after.

    Joints turn along the shortest way at constant speed. The wrist moves likewise in the camera's frame, or, if the
    object's poses are given, in the object's: a hand that holds an object stays with it, however the object moves, so
    that longer gaps may be bridged. Frames before the first and after the last hand are left alone.

    Args:
        model: The hand, of the right side.
        shape: (10,) shape coefficients.
        pose: (N, 48) axis-angle [rad].
        translation: (N, 3) [m].
        valid: (N,) where a hand was estimated.
        max_gap: Longest gap that is bridged [frames].
        T_camera_object: (N, 4, 4) poses of the object that the hand holds.
    """
    have = checked("valid", valid, (None,), np.bool_)
    n = len(have)
    poses = checked("pose", pose, (n, 48)).copy()
    translations = checked("translation", translation, (n, 3)).copy()
    wrist_at_rest = model.wrist_transform(np.zeros(48), shape, np.zeros(3))[0, :3, 3]
    T_camera_frame = np.tile(np.eye(4), (n, 1, 1))
    if T_camera_object is not None:
        T_camera_frame = checked("T_camera_object", T_camera_object, (n, 4, 4)).copy()
    bridged = np.zeros(n, bool)
    known = np.flatnonzero(have)
    for a, b in itertools.pairwise(known):
        if not 1 < b - a <= max_gap + 1:
            continue
        inside = np.arange(a + 1, b)
        fraction = (inside - a) / (b - a)
        ends = model.wrist_transform(poses[[a, b]], shape, translations[[a, b]])
        start, end = inverse(T_camera_frame[[a, b]]) @ ends
        T_camera_wrist = T_camera_frame[inside] @ interpolate(start, end, fraction)
        poses[inside] = _turned(poses[a], poses[b], fraction)
        poses[inside, :3] = log_rotation(T_camera_wrist[:, :3, :3])
        translations[inside] = T_camera_wrist[:, :3, 3] - wrist_at_rest
        bridged[inside] = True
    return BridgedHand(poses, translations, bridged)


def _turned(start: FloatArray, end: FloatArray, fraction: FloatArray) -> FloatArray:
    """Poses (K, 48) on the way from one (48,) to another."""
    steps = [
        Slerp([0, 1], Rotation.from_rotvec([a, b]))(fraction).as_rotvec()
        for a, b in zip(start.reshape(16, 3), end.reshape(16, 3), strict=True)
    ]
    return np.stack(steps, axis=1).reshape(-1, 48)
