"""Fingers that agree with those of the moments around.

Single images are wrong about fingers by more than fingers move in a fraction of a second, and a grasp does not move at
all. So each finger takes the robust mean of what the images around say of it; but where it opens or closes, only of
those that find it about as bent as this one does. Images count by the inverse square of the error that is expected of
them: where a hand is hidden, what was seen of it before and after counts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.hand.layout import FINGER_JOINTS
from rhov_optimizer.joint.hand_track import HandTrack

AROUND, NEAREST = 0.5, 0.13
"""Standard deviations of the times over which a finger is averaged, and over which it is first found out how bent it
is [s]."""
ALIKE = 0.3
"""Standard deviation of how bent a finger is at times that are averaged, over its three joints [rad]."""
EXPECTED = 0.1
"""Errors below this are averaged; larger ones, towards which a median is taken, hardly count [rad]."""
MIRRORED = 0.1
"""What fingers of the other hand, mirrored in depth, weigh."""
LEAST_CERTAINTY = 0.01
"""Of any hand, so that one seen by nothing else has a mean."""
STEPS = 8
"""Of the iteration that finds a robust mean."""
REACH = 3.0
"""Times farther away than so many standard deviations are left out."""


def steadied(hand: HandTrack, stamps: FloatArray) -> HandTrack:
    """The hand with steady fingers; its wrist stays as it is in each frame.

    Args:
        hand: N frames; those that are not valid are left alone and not looked at.
        stamps: (N,) [s].
    """
    seen = np.flatnonzero(hand.valid)
    if len(seen) < 2:
        return hand
    around, there = _windows(stamps[seen])
    worth = np.where(hand.mirrored[seen], MIRRORED, 1.0) * np.maximum(hand.certainty[seen], LEAST_CERTAINTY) ** 2
    weights = there * worth[around]
    pose = hand.pose.copy()
    for joints in FINGER_JOINTS.values():
        columns = np.concatenate([np.arange(3 * joint, 3 * joint + 3) for joint in joints])
        pose[np.ix_(seen, columns)] = _steady(hand.pose[np.ix_(seen, columns)], stamps[seen], around, weights)
    return replace(hand, pose=pose)


def _windows(stamps: FloatArray) -> tuple[NDArray[np.int64], BoolArray]:
    """Neighbours (n, W) in time of each of n frames, and which of them there are."""
    first = np.searchsorted(stamps, stamps - REACH * AROUND)
    last = np.searchsorted(stamps, stamps + REACH * AROUND, side="right")
    places = first[:, None] + np.arange((last - first).max())
    return np.minimum(places, len(stamps) - 1), places < last[:, None]


def _steady(finger: FloatArray, stamps: FloatArray, around: NDArray[np.int64], weights: FloatArray) -> FloatArray:
    """Rotation vectors (n, 9) of a finger's joints, each the robust mean of those like it around it."""
    apart = stamps[around] - stamps[:, None]
    now = _robust_mean(finger[around], weights * np.exp(-0.5 * (apart / NEAREST) ** 2))
    alike = np.exp(-0.5 * np.square(now[around] - now[:, None]).sum(-1) / ALIKE**2)
    return _robust_mean(finger[around], weights * alike * np.exp(-0.5 * (apart / AROUND) ** 2))


def _robust_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """(n, D) near the geometric median of values (n, W, D) with weights (n, W), by Weiszfeld's iteration."""
    mean = np.einsum("nw,nwd->nd", weights / weights.sum(1, keepdims=True), values)
    for _ in range(STEPS):
        share = weights / np.sqrt(np.square(values - mean[:, None]).sum(-1) + EXPECTED**2)
        mean = np.einsum("nw,nwd->nd", share / share.sum(1, keepdims=True), values)
    return mean
