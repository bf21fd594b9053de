"""Stage one, frame by frame: the hand is moved along its viewing rays to where it can touch the object.

A detector sees the hand's depth in one image only through its size, to several centimetres, while everything across
the ray is good to millimetres. Where fingertips lie in front of or behind the object within that uncertainty, they are
taken to touch it: the most probable depths over the clip, given the detector's own uncertainty, capped gaps and a
relative depth of hand and object that changes slowly. It is found exactly, by dynamic programming over a few
candidates a frame.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.hand_track import HandTrack

FACTORS = np.geomspace(1 / 1.3, 1.3, 41)
"""Candidates for the hand's distance relative to the detector's."""
GAP, CAP = 0.01, 0.03
"""Standard deviation of a touching fingertip's gap, and the gap from which on a finger is not touching [m]."""
INDEPENDENT_FINGERS = 2.0
"""How many independent measurements the five fingers of a hand are worth."""
INSIDE = 3.0
"""Weight of the hand's mean depth inside the object, relative to that of a gap."""
WANDER = 0.05
"""Standard deviation of the change of relative depth in a second [m]."""


def align_depths(
    distance: SignedDistanceGrid,
    T: FloatArray,
    scale: float,
    seen: BoolArray,
    stamps: FloatArray | None,
    model: HandModel,
    hand: HandTrack,
) -> HandTrack:
    """Moves the hand along its viewing rays in the frames that show hand and object.

    Args:
        distance: To the surface of the centred, unscaled mesh.
        T: (N, 4, 4) poses of the centred mesh.
        scale: Of the object.
        seen: (N,) where these were tracked.
        stamps: (N,) [s]; None decides each frame by itself.
        model: The hand model.
        hand: Its parameters.
    """
    both = np.flatnonzero(seen & hand.valid)
    if not len(both):
        return hand
    vertices = model.forward_numpy(hand.pose[both], hand.shape, hand.translation[both]).vertices
    centre = vertices.mean(1)
    energy = np.empty((len(both), len(FACTORS)))
    for column, factor in enumerate(FACTORS):
        signed = signed_distances(distance, T[both], scale, vertices + (factor - 1) * centre[:, None])
        gaps = np.minimum(fingertip_gaps(signed, model), CAP) / GAP
        inside = np.clip(-signed, 0, CAP).mean(1) / GAP
        energy[:, column] = INDEPENDENT_FINGERS * (0.5 * (gaps**2).mean(1) + INSIDE * inside)
    energy += 0.5 * (np.log(FACTORS) / hand.depth_spread[both, None]) ** 2
    if stamps is None:
        columns = energy.argmin(1)
    else:
        relative = centre[:, 2:] * FACTORS - T[both, 2, 3][:, None]
        columns = _cheapest_path(energy, relative, np.diff(stamps[both]))
    best = FACTORS[columns]
    translation = hand.translation.copy()
    translation[both] += (best - 1)[:, None] * centre
    return replace(hand, translation=translation)


def _cheapest_path(energy: FloatArray, relative: FloatArray, steps: FloatArray) -> NDArray[np.int64]:
    """Column of each row with the least sum of energies (M, C) and of changes of `relative` (M, C) over time (M-1,)."""
    cost, origin = energy[0], np.zeros(energy.shape, np.int64)
    for row in range(1, len(energy)):
        change = (relative[row][:, None] - relative[row - 1][None]) / WANDER
        total = cost[None] + 0.5 * change**2 / steps[row - 1]
        origin[row] = total.argmin(1)
        cost = total.min(1) + energy[row]
    path = np.empty(len(energy), np.int64)
    path[-1] = cost.argmin()
    for row in range(len(energy) - 1, 0, -1):
        path[row - 1] = origin[row, path[row]]
    return path
