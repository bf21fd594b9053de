"""The hand's parameters over the clip, with gaps bridged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.cues import HandEstimate, Side
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, log_rotation
from rhov_optimizer.track_record import TrackRecord


@dataclass(frozen=True)
class HandTrack:
    """One hand over N frames."""

    side: Side
    pose: FloatArray
    """(N, 48) rotation vectors [rad], continuous over time: they may be longer than pi."""
    shape: FloatArray
    """(10,) the median over the frames."""
    translation: FloatArray
    """(N, 3) [m]."""
    valid: BoolArray
    """(N,) False where the hand was not seen and its parameters are bridged."""
    keypoints: FloatArray
    """(N, 21, 2) [pixel]; zero where not valid."""

    @classmethod
    def from_records(cls, records: Sequence[TrackRecord], model: HandModel) -> HandTrack | None:
        """Collects the hand that most frames saw; None if no frame saw one.

        Frames that saw the other side are treated as if they had seen none: their parameters belong to another model.

        Raises:
            InputError: If the estimates were made with another hand model or side.
        """
        hands = {i: record.hand for i, record in enumerate(records) if record.hand is not None}
        if not hands:
            return None
        right = sum(hand.side == "right" for hand in hands.values())
        side: Side = "right" if 2 * right >= len(hands) else "left"
        hands = {i: hand for i, hand in hands.items() if hand.side == side}
        _require_model(next(iter(hands.values())), model)
        valid = np.zeros(len(records), np.bool_)
        valid[list(hands)] = True
        keypoints = np.zeros((len(records), 21, 2))
        keypoints[valid] = [hand.keypoints for hand in hands.values()]
        return cls(
            side=side,
            pose=_unwrapped(_bridged_rotations(np.stack([hand.pose for hand in hands.values()]), valid)),
            shape=np.median([hand.shape for hand in hands.values()], axis=0),
            translation=_bridged(np.stack([hand.translation for hand in hands.values()]), valid),
            valid=valid,
            keypoints=keypoints,
        )


def _require_model(hand: HandEstimate, model: HandModel) -> None:
    if (hand.model, hand.side) != (model.name, model.side):
        raise InputError(
            f"the hand was estimated as a {hand.side} '{hand.model}'",
            f"parameters of the {model.side} '{model.name}'",
            "load the hand model that the estimates name, with the side that most frames show",
        )


def _neighbours(valid: BoolArray) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """For each frame: indices of the valid frames before and after among the valid ones, and the way between."""
    at = np.flatnonzero(valid)
    frames = np.arange(len(valid))
    after = np.clip(np.searchsorted(at, frames), 0, len(at) - 1).astype(np.int64)
    before = np.clip(np.searchsorted(at, frames, side="right") - 1, 0, len(at) - 1).astype(np.int64)
    span = np.maximum(at[after] - at[before], 1)
    return before, after, np.clip((frames - at[before]) / span, 0.0, 1.0)


def _bridged(values: FloatArray, valid: BoolArray) -> FloatArray:
    """Values (M, D) of the valid frames, linear in between and constant at the ends: (N, D)."""
    before, after, way = _neighbours(valid)
    return values[before] + way[:, None] * (values[after] - values[before])


def _bridged_rotations(pose: FloatArray, valid: BoolArray) -> FloatArray:
    """Rotation vectors (M, 48) of the valid frames, each joint turning steadily in between: (N, 48)."""
    before, after, way = _neighbours(valid)
    R = exp_rotation(pose.reshape(-1, 16, 3))
    turn = log_rotation(R[after] @ np.swapaxes(R[before], -1, -2))
    bridged = log_rotation(exp_rotation(way[:, None, None] * turn) @ R[before]).reshape(-1, 48)
    return np.where(valid[:, None], _bridged(pose, valid), bridged)


def _unwrapped(pose: FloatArray) -> FloatArray:
    """The same rotations (N, 48), each vector chosen nearest to the one before it."""
    out = pose.reshape(-1, 16, 3).copy()
    for i in range(1, len(out)):
        angle = np.linalg.norm(out[i], axis=-1, keepdims=True)
        turn = np.where(angle > 1e-6, 2 * np.pi * out[i] / np.maximum(angle, 1e-6), 0.0)
        choices = np.stack([out[i], out[i] - turn, out[i] + turn])
        best = np.linalg.norm(choices - out[i - 1], axis=-1).argmin(0)
        out[i] = choices[best, np.arange(16)]
    return out.reshape(-1, 48)
