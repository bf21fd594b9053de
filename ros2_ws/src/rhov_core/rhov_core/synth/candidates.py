"""Places from which a hand might grasp an object, sampled from the object's surface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.hand.anatomy import palm_axes
from rhov_core.pose import exp_rotation
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.hand_skin import Skin, hand_skin, posed
from rhov_core.synth.handles import Grip, Handle
from rhov_core.synth.pinch_shapes import PinchShapes, pinch_shapes

WIDEST = 0.085
"""The fingertips reach around parts up to this wide [m]."""
_PALM_CENTRE = 0.72
"""Of the way from the wrist to the middle finger's knuckle."""
_OPEN = np.radians([30.0, 8.0, 12.0])
"""Flexion of straight fingers above their lower limits, see `JointLimits` [rad]."""
_FINGER = 0.016
"""Thickness of a finger [m]."""
_MARGIN = (0.006, 0.02)
"""How much wider than the object the pinching hand opens [m]."""
_ANYWHERE = 0.35
"""Share of the pinches that come from all directions; the others come from above."""
_FROM_BELOW, _THUMB_DOWN = 0.35, -0.3
"""Largest upward part of the approach, least upward part of the direction to the thumb: how people reach for things."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A hand that is still open, in the object's frame."""

    grip: Grip
    R: FloatArray
    """(3, 3) orientation of the wrist."""
    t: FloatArray
    """(3,) translation of the hand model [m]."""
    angles: FloatArray
    """(15, 3) of the finger joints [rad]."""
    approach: FloatArray
    """(3,) unit vector from the palm to the object."""


def candidates(target: GraspObject, model: HandModel, rng: np.random.Generator) -> Iterator[Candidate]:
    """Endless candidates, of the kinds that the object's handles ask for.

    Args:
        target: The object.
        model: A right hand.
        rng: Source of chance.
    """
    skin, shapes = hand_skin(model), pinch_shapes(model)
    kinds: list[tuple[Grip, Handle | None]] = [
        (grip, handle)
        for handle in (target.handles or (None,))
        for grip in ("power", "pinch")
        if handle is None or handle.grip in (None, grip)
    ]
    kinds += [kind for kind in kinds if kind[0] == "power"]  # fewer of these succeed
    while True:
        for grip, handle in kinds:
            found = _power(target, skin, handle, rng) if grip == "power" else _pinch(target, skin, shapes, handle, rng)
            if found is not None:
                yield found


def straight(skin: Skin) -> FloatArray:
    """(15, 3) angles of the open hand: fingers straight, thumb as at rest [rad]."""
    angles = np.zeros((15, 3))
    angles[skin.chains[1:] - 1, 0] = skin.lower[skin.chains[1:] - 1, 0] + _OPEN
    return angles


def _power(target: GraspObject, skin: Skin, handle: Handle | None, rng: np.random.Generator) -> Candidate | None:
    """The palm in front of a place of the surface, to be pushed against it."""
    if handle is None:
        point, normal = target.sample(rng)
        towards = -normal
        axis = target.axes[rng.integers(3)] * rng.choice([-1.0, 1.0])
    else:
        start, end = np.asarray(handle.start), np.asarray(handle.end)
        way = 1.0 if not handle.both_ways or rng.random() < 0.5 else -1.0
        axis = way * (end - start) / np.linalg.norm(end - start)
        point = start + rng.random() * (end - start)
        if handle.approach is None:
            towards = exp_rotation(axis * rng.uniform(0, 2 * np.pi)) @ _across(axis, rng)
        else:
            towards = exp_rotation(axis * rng.uniform(-0.5, 0.5)) @ np.asarray(handle.approach, np.float64)
    approach = exp_rotation(rng.normal(0, 0.12, 3)) @ towards
    radial = axis - approach * (axis @ approach)
    if np.linalg.norm(radial) < 0.5:
        return None
    radial = exp_rotation(approach * rng.normal(0, 0.15)) @ (radial / np.linalg.norm(radial))
    if approach @ target.up > _FROM_BELOW or radial @ target.up < _THUMB_DOWN:
        return None
    palm, across = palm_axes(skin.joints)
    R = np.stack([approach, radial, np.cross(approach, radial)], 1) @ np.stack([palm, across, np.cross(palm, across)])
    wrist = skin.joints[0]
    centre = wrist + _PALM_CENTRE * (skin.joints[4] - wrist)
    fingers = R @ (skin.joints[4] - wrist)
    fingers /= np.linalg.norm(fingers)
    point = point - approach * (approach @ (point - target.centre))  # deep inside: the palm is slid in from outside
    point = point + fingers * rng.uniform(-0.035, 0.012) - approach * target.reach
    angles = straight(skin)
    angles[skin.chains[1:, 0] - 1, 1] += np.array([0.06, 0.02, -0.03, -0.08]) * rng.uniform(0, 2)
    return Candidate("power", R, point - wrist - R @ (centre - wrist), angles, approach)


def _pinch(
    target: GraspObject, skin: Skin, shapes: PinchShapes, handle: Handle | None, rng: np.random.Generator
) -> Candidate | None:
    """Thumb and fingers on both sides of a part of the object."""
    pair = target.antipodal(rng, WIDEST, handle)
    if pair is None:
        return None
    thumb, fingers = pair
    axis = fingers - thumb
    width = float(np.linalg.norm(axis))
    axis = axis / width
    if abs(axis @ target.up) > 0.5 and min(thumb @ target.up, fingers @ target.up) < target.table + _FINGER:
        return None
    pointing = _across(axis, rng) if rng.random() < _ANYWHERE else _across(axis, rng, -target.up)
    if pointing @ target.up > _FROM_BELOW:
        return None
    shape = shapes.choose(width + rng.uniform(*_MARGIN), rng)
    if shape is None:
        return None
    in_hand = np.stack([shape.axis, shape.pointing, np.cross(shape.axis, shape.pointing)], 1)
    R = np.stack([axis, pointing, np.cross(axis, pointing)], 1) @ in_hand.T
    wrist = skin.joints[0]
    middle = (thumb + fingers) / 2 + pointing * rng.uniform(-0.004, 0.008)
    t = middle - wrist - R @ (shape.middle - wrist)
    falling = -float(pointing @ target.up)
    if falling > _FROM_BELOW:  # what lies flat is held by the very tips of the fingers
        under = target.table - float((posed(skin, R, t, shape.angles) @ target.up).min())
        t = t - pointing * np.clip(under / falling, 0.0, _FINGER)
    return Candidate("pinch", R, t, shape.angles.copy(), pointing)


def _across(axis: FloatArray, rng: np.random.Generator, about: FloatArray | None = None) -> FloatArray:
    """A random unit vector (3,) at right angles to a unit vector, near the direction `about` (3,) if given."""
    side = rng.normal(size=3)
    if about is not None:
        side = about + 0.3 * side
    side -= axis * (axis @ side)
    return side / np.linalg.norm(side)
