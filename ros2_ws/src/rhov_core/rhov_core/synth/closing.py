"""Closing of a hand on an object: every finger bends until it touches, as a hand does that grips without looking.

A link that touches stops its joint and those before it, while the joints further out go on bending, so that the
fingers wrap around the object. The thumb is tried in several oppositions.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rhov_core.synth.hand_skin import PALM, clearance, pad_contact, place_finger, place_palm, surface_normal

TOUCH = 0.0003
"""Fingers stop at this distance from the surface [m]."""
REACH = 0.003
"""A finger or pad this near to the surface touches it [m]."""
_OPPOSING = 0.01
"""What it is worth that the thumb touches on the other side of the object than the fingers [m]."""
_STEP = 0.07
"""Bending of a finger's first joint in one step [rad]."""


@numba.njit(cache=True, nogil=True)
def close_finger(skin: Any, field: Any, finger: int, pace: Any, angles: Any, moved: Any) -> float:
    """Bends a finger in place until it touches; its smallest distance to the object [m].

    Args:
        skin: The hand.
        field: Distances to the object.
        finger: 0 to 4, thumb first.
        pace: (3,) how fast its joints bend relative to each other.
        angles: (15, 3) of all joints, changed [rad].
        moved: (16, 3, 4) skinning transforms, changed; the wrist is in place.
    """
    group = 3 * finger
    going = np.ones(3, np.bool_)
    before = np.empty(3)
    for _ in range(60):
        moving = False
        for k in range(3):
            j = skin.chains[finger, k] - 1
            before[k] = angles[j, 0]
            if going[k]:
                angles[j, 0] = min(before[k] + _STEP * pace[k], skin.upper[j, 0])
                going[k] = angles[j, 0] < skin.upper[j, 0] and pace[k] > 0.0
                moving = moving or angles[j, 0] > before[k]
        if not moving:
            break
        place_finger(skin, finger, angles, moved)
        inner = group  # the innermost link that still moves
        while inner < group + 2 and not going[inner - group]:
            inner += 1
        if clearance(skin, moved, field, inner, group + 2, TOUCH) >= TOUCH:
            continue
        low, high = 0.0, 1.0
        after = np.array([angles[skin.chains[finger, k] - 1, 0] for k in range(3)])
        for _ in range(5):
            middle = 0.5 * (low + high)
            for k in range(3):
                angles[skin.chains[finger, k] - 1, 0] = before[k] + middle * (after[k] - before[k])
            place_finger(skin, finger, angles, moved)
            if clearance(skin, moved, field, inner, group + 2, TOUCH) < TOUCH:
                high = middle
            else:
                low = middle
        for k in range(3):
            angles[skin.chains[finger, k] - 1, 0] = before[k] + low * (after[k] - before[k])
        place_finger(skin, finger, angles, moved)
        touching, least = 0, 1e9
        for k in range(inner - group, 3):
            nearest = clearance(skin, moved, field, group + k, group + k, -1.0)
            if nearest < least:
                touching, least = k, nearest
        for k in range(touching + 1):
            going[k] = False
    return clearance(skin, moved, field, group, group + 2, -1.0)


@numba.njit(cache=True, nogil=True)
def make_room(skin: Any, field: Any, finger: int, angles: Any, moved: Any) -> bool:
    """Opens a finger that is in the way until it is free of the object; False if it cannot be."""
    for step in range(12):
        place_finger(skin, finger, angles, moved)
        if clearance(skin, moved, field, 3 * finger, 3 * finger + 2, TOUCH) >= TOUCH:
            return True
        for k in range(2):
            j = skin.chains[finger, k] - 1
            if k == 0 or step % 2:
                angles[j, 0] = max(angles[j, 0] - _STEP, skin.lower[j, 0])
    return False


@numba.njit(cache=True, nogil=True)
def close_thumb(skin: Any, field: Any, places: Any, target: Any, normal: Any, angles: Any, moved: Any) -> float:
    """Closes the thumb from the place from which its pad comes nearest to the object and opposes the fingers.

    Args:
        skin: The hand.
        field: Distances to the object.
        places: (N, 3) angles of the thumb's first joint to start from [rad].
        target: (3,) point that the pad shall be near, such as between the tips of the fingers [m].
        normal: (3,) of the surface under the fingers.
        angles: (15, 3) of all joints, changed [rad].
        moved: (16, 3, 4) skinning transforms, changed.

    Returns:
        The thumb's smallest distance to the object [m]; 1 if it fits nowhere.
    """
    best, best_gap = 1e9, 1.0
    chain = skin.chains[0]
    start, kept, trial = angles.copy(), angles.copy(), angles.copy()
    pace, place = np.array([0.5, 1.0, 0.8]), np.empty(3)
    for n in range(len(places)):
        trial[:] = start
        for a in range(3):
            trial[chain[0] - 1, a] = places[n, a]
        place_finger(skin, 0, trial, moved)
        if clearance(skin, moved, field, 0, 2, TOUCH) < TOUCH:
            continue
        gap = close_finger(skin, field, 0, pace, trial, moved)
        near = pad_contact(skin, moved, field, 0, place)
        cost = max(gap, 0.0) + 0.5 * max(near, 0.0) + 0.12 * np.sqrt(((place - target) ** 2).sum())
        cost += _OPPOSING * (surface_normal(field, place) * normal).sum()
        if cost < best:
            best, best_gap = cost, gap
            kept[:] = trial
    angles[:] = kept
    place_finger(skin, 0, angles, moved)
    return best_gap


@numba.njit(cache=True, nogil=True)
def slide_in(skin: Any, field: Any, R: Any, t: Any, approach: Any, moved: Any) -> float:
    """How far a palm at t (3,) can move along `approach` until it touches, up to twice its distance [m]."""
    way, furthest = 0.0, 0.0
    for step in range(80):
        place_palm(skin, R, t + way * approach, moved)
        for j in range(1, 16):  # vertices at the border of the palm follow the fingers a little
            moved[j] = moved[0]
        room = clearance(skin, moved, field, PALM, PALM, -1.0) - TOUCH
        if step == 0:
            furthest = 2 * room
        if room < TOUCH or way > furthest:
            break
        way += room
    return way


@numba.njit(cache=True, nogil=True)
def hand_clearance(skin: Any, field: Any, R: Any, t: Any, angles: Any, out: Any) -> None:
    """Writes the smallest signed distance [m] of each group of vertices, see `PALM`, into out (16,)."""
    moved = np.empty((16, 3, 4))
    place_palm(skin, R, t, moved)
    for finger in range(5):
        place_finger(skin, finger, angles, moved)
    for group in range(PALM + 1):
        out[group] = clearance(skin, moved, field, group, group, -1.0)


@numba.njit(cache=True, nogil=True)
def close_hand(
    skin: Any,
    field: Any,
    R: Any,
    t: Any,
    approach: Any,
    paces: Any,
    thumbs: Any,
    in_palm: bool,
    holding: int,
    angles: Any,
) -> bool:
    """Closes an open hand on an object.

    Args:
        skin: The hand.
        field: Distances to the object.
        R: (3, 3) orientation of the wrist.
        t: (3,) translation, changed: the palm is pushed along `approach` until it touches, if `in_palm`.
        approach: (3,) unit vector.
        paces: (5, 3) how fast the joints of each finger bend.
        thumbs: (N, 3) angles of the thumb's first joint to try; none: it closes from where it is.
        in_palm: Whether the palm shall touch.
        holding: How many fingers, the index finger first, must touch.
        angles: (15, 3) of the joints, changed [rad].

    Returns:
        False if the palm or a finger cannot be kept out of the object, or one does not touch that must.
    """
    moved = np.empty((16, 3, 4))
    if in_palm:
        t += slide_in(skin, field, R, t, approach, moved) * approach
    place_palm(skin, R, t, moved)
    for finger in range(5):
        place_finger(skin, finger, angles, moved)
    if clearance(skin, moved, field, PALM, PALM, 0.0) < 0.0:
        return False
    for finger in range(int(len(thumbs) > 0), 5):
        if not make_room(skin, field, finger, angles, moved):
            return False
    for finger in range(1, 5):
        gap = close_finger(skin, field, finger, paces[finger], angles, moved)
        if finger <= holding and gap > REACH:
            return False
    if len(thumbs) == 0:
        close_finger(skin, field, 0, paces[0], angles, moved)
        return True
    target, normal, place = np.zeros(3), np.zeros(3), np.empty(3)
    for finger in range(1, 3):
        pad_contact(skin, moved, field, finger, place)
        target += place / 2
        normal += surface_normal(field, place) / 2
    return close_thumb(skin, field, thumbs, target, normal, angles, moved) < 1.0
