"""Filling gaps between the frames in which something was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import exp_rotation, interpolate, inverse, log_rotation, make_transform
from rhov_optimizer.joint.elapsed import elapsed
from rhov_optimizer.joint.hand_track import HandTrack, unwrapped


def neighbours(valid: BoolArray, stamps: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """For each of N frames the valid ones before and after it, and the fraction of the time between them.

    A valid frame is its own neighbour; before the first and after the last valid frame both are that one.

    Args:
        valid: (N,) at least one.
        stamps: (N,) increasing [s].
    """
    at = np.flatnonzero(valid)
    frames = np.arange(len(valid))
    after = at[np.clip(np.searchsorted(at, frames), 0, len(at) - 1)]
    before = at[np.clip(np.searchsorted(at, frames, side="right") - 1, 0, len(at) - 1)]
    span = np.where(after > before, stamps[after] - stamps[before], 1.0)
    return before, after, np.clip((stamps - stamps[before]) / span, 0.0, 1.0)


def bridged_poses(estimates: Sequence[ObjectEstimate], seen: BoolArray) -> FloatArray:
    """Poses (N, 4, 4): lost frames move steadily from the last good pose to the next, and stand still at the ends."""
    T = np.stack([estimate.T_camera_object for estimate in estimates])
    if not seen.any():
        return T
    before, after, way = neighbours(seen, elapsed(estimates))
    bridged = interpolate(T[before], T[after], way)
    return np.where(seen[:, None, None], T, bridged)


def bridged_hand(
    hand: HandTrack, model: HandModel, stamps: FloatArray, T: FloatArray | None = None, held: BoolArray | None = None
) -> HandTrack:
    """Fills the frames in which no hand was seen from the neighbouring ones that show one.

    Fingers and wrist move steadily in between and stand still at the ends. Where the hand held the object on both
    sides of a gap it moves with the object: its pose relative to the object is what is steady.

    Args:
        hand: N frames; what it says of invalid frames is replaced.
        model: Its model.
        stamps: (N,) [s].
        T: (N, 4, 4) the object's poses, or None.
        held: (N,) where hand and object touch, or None.
    """
    before, after, way = neighbours(hand.valid, stamps)
    fingers = exp_rotation(hand.pose.reshape(-1, 16, 3)[:, 1:])
    turn = log_rotation(fingers[after] @ np.swapaxes(fingers[before], -1, -2))
    moved = log_rotation(exp_rotation(way[:, None, None] * turn) @ fingers[before])
    rest = model.joint_template[0] + model.joint_shape_directions[0] @ hand.shape
    wrist = make_transform(exp_rotation(hand.pose[:, :3]), hand.translation + rest)
    bridged = interpolate(wrist[before], wrist[after], way)
    if T is not None and held is not None:
        relative = inverse(T) @ wrist
        carried = T @ interpolate(relative[before], relative[after], way)
        bridged = np.where((held[before] & held[after])[:, None, None], carried, bridged)
    pose = np.concatenate([log_rotation(bridged[:, :3, :3]), moved.reshape(-1, 45)], 1)
    valid = hand.valid[:, None]
    return replace(
        hand,
        pose=unwrapped(np.where(valid, hand.pose, pose)),
        translation=np.where(valid, hand.translation, bridged[:, :3, 3] - rest),
    )
