"""Stage one: hand and object are brought to one scale, where they touch (paper section 3.3).

Scaling about the camera's centre moves no pixel, so the image alone cannot tell how large a thing is. The paper frees
the object's translation and size and minimises interaction and projection; along the direction in which the projection
does not change at all, that is a search over one number, which is done here exhaustively and cannot get stuck. Where
the object's size is known (a metric mesh) the same number resizes the hand instead, within what hands differ by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.joint.light_hand import size_direction

FRAMES = 60
"""Frames that are looked at, spread over the clip."""
CAP = 0.03
"""Gaps beyond this [m] count as this: that finger may not be touching."""
PENETRATION_WEIGHT = 3.0
"""How much worse a vertex of the hand inside the object is than a fingertip as far outside."""
LEAST_GAIN = 0.1
"""The best size must lower the mean gap this far below the cap, relative to it, or there is no contact to go by."""
HAND_SPREAD = 0.05
"""Relative standard deviation of the size of hands around the estimated one: as people differ."""
OBJECT_RANGE, HAND_STEPS, OBJECT_STEPS = 2.5, 25, 81
"""An object's size is searched by this factor around that which brings it to the hand's distance; candidates."""

MEETING_RANGE, MEETING_STEPS = 1.35, 41
"""The hand's size at which it meets an object of known size is searched by this factor either way; candidates."""
CLEAR_FRAMES, CLEAR_GAP = 10, 0.016
"""It says something only in so many frames, and where the mean gap becomes smaller than this [m]."""


@dataclass(frozen=True)
class Sizes:
    """Hand and object at one scale."""

    T: FloatArray
    """(N, 4, 4) poses of the centred mesh."""
    object_scale: float
    hand: HandTrack | None
    hand_factor: float
    """By which the hand was resized; 1 if the object's size was not known."""
    gap: float
    """Mean distance of the fingertips to the surface, capped, plus what is inside [m]; NaN if not looked at."""
    contact: bool
    """Whether hand and object touch anywhere; without, sizes stay as they were."""
    meeting_factor: float = float("nan")
    """By which the hand would have to be resized to meet an object of known size, whatever hands measure; NaN where
    the contact is too unclear to say so."""

    @classmethod
    def unchanged(cls, T: FloatArray, hand: HandTrack | None, gap: float = float("nan")) -> Sizes:
        """Both as they are."""
        return cls(T, 1.0, hand, 1.0, gap, False)


def match_sizes(
    distance: SignedDistanceGrid,
    T: FloatArray,
    seen: BoolArray,
    model: HandModel | None,
    hand: HandTrack | None,
    *,
    object_is_metric: bool,
    hand_range: float,
) -> Sizes:
    """Resizes the object if its size is not known, else the hand.

    Args:
        distance: To the object's surface, in the centred mesh's frame.
        T: (N, 4, 4) poses of the centred mesh.
        seen: (N,) where they were tracked.
        model: The hand model, or None without a hand.
        hand: Its parameters, or None without a hand.
        object_is_metric: Whether the object's size is known.
        hand_range: Largest factor for the hand, either way.
    """
    if model is None or hand is None or not (seen & hand.valid).any():
        return Sizes.unchanged(T, hand)
    both = np.flatnonzero(seen & hand.valid)
    both = both[np.linspace(0, len(both) - 1, min(FRAMES, len(both))).round().astype(np.int64)]
    vertices = model.forward_numpy(hand.pose[both], hand.shape, hand.translation[both]).vertices
    contact = _Contact(distance, T[both], vertices, model)
    if object_is_metric:
        factors = np.geomspace(1 / hand_range, hand_range, HAND_STEPS)
        factor, gap = _search(contact, factors, HAND_SPREAD)
    else:
        nearest = float(np.median(T[both, 2, 3] / vertices[..., 2].mean(1)))
        factors = nearest * np.geomspace(1 / OBJECT_RANGE, OBJECT_RANGE, OBJECT_STEPS)
        factor, gap = _search(contact, factors, np.inf)
    if gap > (1 - LEAST_GAIN) * CAP:
        return Sizes.unchanged(T, hand, gap)
    if object_is_metric:
        meeting, least = _search(contact, np.geomspace(1 / MEETING_RANGE, MEETING_RANGE, MEETING_STEPS), np.inf)
        clear = len(both) >= CLEAR_FRAMES and least < CLEAR_GAP
        return Sizes(T, 1.0, resized(hand, model, factor), factor, gap, True, meeting if clear else float("nan"))
    scaled = T.copy()
    scaled[:, :3, 3] /= factor
    return Sizes(scaled, 1 / factor, hand, 1.0, gap, True)


def resized(hand: HandTrack, model: HandModel, factor: float) -> HandTrack:
    """The hand scaled about the camera's centre: another shape, further or nearer, and the same pixels."""
    shape = factor * hand.shape + (factor - 1) * size_direction(model)
    wrist = model.joint_template[0] + model.joint_shape_directions[0] @ hand.shape
    new_wrist = model.joint_template[0] + model.joint_shape_directions[0] @ shape
    return replace(hand, shape=shape, translation=factor * (hand.translation + wrist) - new_wrist)


class _Contact:
    """How far the hand, scaled about the camera by a factor, is from touching the object."""

    def __init__(self, distance: SignedDistanceGrid, T: FloatArray, vertices: FloatArray, model: HandModel) -> None:
        self._distance, self._T, self._vertices, self._model = distance, T, vertices, model

    def gap(self, factor: float) -> float:
        """Mean gap of the fingertips, capped, plus the mean depth of what is inside, in the hand's own metres."""
        signed = signed_distances(self._distance, self._T, 1.0, factor * self._vertices) / factor
        inside = np.clip(-signed, 0, CAP).mean()
        return float(np.minimum(fingertip_gaps(signed, self._model), CAP).mean() + PENETRATION_WEIGHT * inside)


def _search(contact: _Contact, factors: FloatArray, spread: float) -> tuple[float, float]:
    """The best factor, and the gap there."""
    gaps = np.array([contact.gap(factor) for factor in factors])
    costs = gaps + 0.25 * CAP * (np.log(factors) / spread) ** 2
    best = int(costs.argmin())
    factor = float(factors[best])
    if 0 < best < len(factors) - 1:
        near = slice(best - 1, best + 2)
        curve, slope, _ = np.polyfit(np.log(factors[near]), costs[near], 2)
        if curve > 0:
            factor = float(np.exp(np.clip(-slope / (2 * curve), *np.log(factors[[best - 1, best + 1]]))))
    return factor, float(gaps[best])
