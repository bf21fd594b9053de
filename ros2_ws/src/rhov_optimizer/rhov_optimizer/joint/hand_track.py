"""The hand's parameters over the clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.cues import HandEstimate, Side
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_optimizer.joint.light_hand import size_direction
from rhov_optimizer.joint.other_side import hands_of_side
from rhov_optimizer.track_record import TrackRecord

LEAST_DEPTH_SPREAD = 0.01
"""No detector knows a hand's relative distance better than this from one image."""
CHANGES_OF_A_VOTE = 3
"""A vote over the track seldom changes its mind more often."""


@dataclass(frozen=True)
class HandTrack:
    """One hand over N frames."""

    side: Side
    pose: FloatArray
    """(N, 48) rotation vectors [rad]; once bridged, continuous over time: they may be longer than pi."""
    shape: FloatArray
    """(10,) the median over the frames."""
    translation: FloatArray
    """(N, 3) [m]."""
    valid: BoolArray
    """(N,) False where the hand was not seen: its parameters are zero, or bridged."""
    keypoints: FloatArray
    """(N, 21, 2) [pixel]; zero where not valid."""
    depth_spread: FloatArray
    """(N,) standard deviation of the wrist's distance as estimated, relative to it; one where not valid."""
    mirrored: BoolArray
    """(N,) where the other hand was seen, and mirrored in depth."""
    certainty: FloatArray
    """(N,) 0 to 1, inversely proportional to the errors of the keypoints; zero where not valid."""

    @classmethod
    def from_records(cls, records: Sequence[TrackRecord], model: HandModel) -> HandTrack | None:
        """Collects the hands, those of the other side mirrored in depth; None if no frame saw one.

        Raises:
            InputError: If the estimates were made with another hand model.
        """
        for record in records:
            if record.hand is not None:
                _require_model(record.hand, model)
        hands = hands_of_side(records, model)
        if not hands:
            return None
        valid = np.zeros(len(records), np.bool_)
        valid[list(hands)] = True
        keypoints = np.zeros((len(records), 21, 2))
        keypoints[valid] = [hand.keypoints for hand in hands.values()]
        shapes = np.stack([hand.shape for hand in hands.values()])
        shape = np.median(shapes, axis=0)
        translations = _at_one_size(np.stack([hand.translation for hand in hands.values()]), shapes, shape, model)
        pose, translation = np.zeros((len(records), 48)), np.zeros((len(records), 3))
        pose[valid], translation[valid] = [hand.pose for hand in hands.values()], translations
        spread = np.ones(len(records))
        spread[valid] = [_depth_spread(hand) for hand in hands.values()]
        mirrored = np.array(
            [record.hand is not None and record.hand.side != model.side for record in records], np.bool_
        )
        certainty = np.array([record.hand.score if record.hand is not None else 0.0 for record in records])
        return cls(model.side, pose, shape, translation, valid, keypoints, spread, mirrored, certainty)


def side_seen(hands: Sequence[HandEstimate | None]) -> Side | None:
    """The side of the hand of a clip or a part of it; None if no frame has a hand.

    Each says what is known by then (see `HandEstimate.side`), so the last one knows most. Where the side changes more
    often than a vote changes its mind, each is an opinion of its own; then the most count, the later ones more.

    Args:
        hands: Of consecutive frames; None where none was seen.
    """
    sides = [hand.side for hand in hands if hand is not None]
    if not sides:
        return None
    if sum(a != b for a, b in pairwise(sides)) <= CHANGES_OF_A_VOTE:
        return sides[-1]
    votes = {side: sum(i for i, one in enumerate(sides, 1) if one == side) for side in sides}
    return max(votes, key=lambda side: votes[side])


def model_of_side_seen(records: Sequence[TrackRecord], model: HandModel) -> HandModel:
    """The model, mirrored if the records are of the other hand; see `side_seen`."""
    side = side_seen([record.hand for record in records])
    return model if side in (None, model.side) else model.mirrored()


def _depth_spread(hand: HandEstimate) -> float:
    """Relative standard deviation of the wrist's distance."""
    wrist = hand.joints[0]
    distance = max(float(np.linalg.norm(wrist)), 1e-6)
    ray = wrist / distance
    return max(float(np.sqrt(max(ray @ hand.wrist_covariance[:3, :3] @ ray, 0.0))) / distance, LEAST_DEPTH_SPREAD)


def _require_model(hand: HandEstimate, model: HandModel) -> None:
    if hand.model != model.name:
        raise InputError(
            f"the hand was estimated as a '{hand.model}'",
            f"parameters of '{model.name}'",
            "load the hand model that the estimates name",
        )


def _at_one_size(translations: FloatArray, shapes: FloatArray, shape: FloatArray, model: HandModel) -> FloatArray:
    """Translations (M, 3) with which hands of one shape (10,) look like those of the shapes (M, 10) given.

    A larger hand further away looks the same: each wrist moves along its viewing ray as the hand's size changes.
    """
    direction = size_direction(model)
    per_unit = direction / (direction @ direction)
    factor = (1 + shape @ per_unit) / (1 + shapes @ per_unit)
    wrists = model.joint_template[0] + shapes @ model.joint_shape_directions[0].T
    wrist = model.joint_template[0] + model.joint_shape_directions[0] @ shape
    return factor[:, None] * (translations + wrists) - wrist


def unwrapped(pose: FloatArray) -> FloatArray:
    """The same rotations (N, 48), each vector chosen nearest to the one before it."""
    out = pose.reshape(-1, 16, 3).copy()
    for i in range(1, len(out)):
        angle = np.linalg.norm(out[i], axis=-1, keepdims=True)
        turn = np.where(angle > 1e-6, 2 * np.pi * out[i] / np.maximum(angle, 1e-6), 0.0)
        choices = np.stack([out[i], out[i] - turn, out[i] + turn])
        best = np.linalg.norm(choices - out[i - 1], axis=-1).argmin(0)
        out[i] = choices[best, np.arange(16)]
    return out.reshape(-1, 48)
