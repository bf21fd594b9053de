"""How well a hand holds an object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from rhov_core.arrays import FloatArray
from rhov_core.hand import FINGERS, HandModel
from rhov_core.synth.closing import REACH, hand_clearance
from rhov_core.synth.exact_distance import exact_distance
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.grasp_pose import GraspPose
from rhov_core.synth.hand_skin import PALM, Skin, hand_skin, posed
from rhov_core.synth.handles import Grip

DEEPEST = 0.0015
"""Largest accepted penetration: that of soft skin [m]."""
BELOW_TABLE = 0.003
"""The hand may be this far below the table [m]: skin gives way, and things are lifted a little first."""
_OPPOSED = {"pinch": -0.4, "power": -0.1}
"""Largest product of the surface normals under thumb and fingertips that hold something between them."""
_ESCAPE = -0.45
"""Least accepted `Hold.escape`: friction of 0.5 keeps the object from slipping out that way."""
_NEAR = 0.006
"""Points further than this from the surface, by the grid, are not measured exactly [m]."""


@dataclass(frozen=True)
class Hold:
    """How well a hand holds an object."""

    penetration: float
    """[m]"""
    finger_distance: FloatArray
    """(5,) of each finger to the surface, thumb first [m]."""
    pad_distance: FloatArray
    """(5,) of each finger's pad [m]."""
    opposition: float
    """Product of the normals under the thumb's pad and the next two: -1 when they face each other."""
    escape: float
    """Largest product of a direction and the normals at the contacts, for the direction for which it is smallest.

    Near or above 0 the object is enclosed; -1 when the hand merely lies on it.
    """
    above_table: float
    """Height of the lowest point of the hand [m]."""

    def fits(self, grip: Grip) -> bool:
        """Whether the hand holds the object as this grip asks for."""
        if self.penetration > DEEPEST or self.above_table < -BELOW_TABLE:
            return False
        if self.escape < _ESCAPE or self.opposition > _OPPOSED[grip]:
            return False
        return bool((self.finger_distance < REACH).all() if grip == "power" else (self.pad_distance[:3] < REACH).all())


def roughly_holds(pose: GraspPose, target: GraspObject, skin: Skin) -> bool:
    """A quick look on the distance grid: whether `measured` may accept the pose."""
    clear = np.empty(PALM + 1)
    hand_clearance(skin, target.field, pose.R, pose.t, pose.angles, clear)
    if clear.min() < -DEEPEST:
        return False
    if float((posed(skin, pose.R, pose.t, pose.angles) @ target.up).min()) < target.table - BELOW_TABLE:
        return False
    fingers = clear[:PALM].reshape(5, 3).min(1)
    needed = 5 if pose.grip == "power" else 3
    return bool((fingers[:needed] < REACH).all())


def measured(pose: GraspPose, target: GraspObject, model: HandModel) -> Hold:
    """Measures a closed hand against the mesh itself."""
    skin = hand_skin(model)
    hand = model.forward_numpy(pose.parameters(skin), np.zeros(10), pose.t).vertices[0]
    distance, gradient = target.grid.distance_and_gradient(hand)
    near = distance < _NEAR
    distance[near] = exact_distance(hand[near], target.vertices, target.faces)
    middles = hand[model.faces].mean(1)
    middles = middles[target.grid.distance(middles) < 0.001]
    deepest = min(float(distance.min()), *exact_distance(middles, target.vertices, target.faces, True), 0.0)
    deepest = min(deepest, _inside_hand(target, hand, model))
    pads = [np.asarray(model.fingertip_vertices[finger]) for finger in FINGERS]
    of_finger = [np.flatnonzero(model.weights[:, chain].sum(1) > 0.5) for chain in skin.chains]
    tips = [pad[distance[pad].argmin()] for pad in pads]
    opposite = gradient[tips[1:3]].sum(0)
    links = [np.flatnonzero(weights > 0.5) for weights in model.weights.T]
    contacts = [v for link in links for v in [link[distance[link].argmin()]] if distance[v] < REACH]
    return Hold(
        max(0.0, -deepest),
        np.array([distance[part].min() for part in of_finger]),
        distance[tips],
        float(gradient[tips[0]] @ opposite) / max(float(np.linalg.norm(opposite)), 1e-9),
        float((_DIRECTIONS @ gradient[contacts].T).max(1).min()) if contacts else -1.0,
        float((hand @ target.up).min() - target.table),
    )


def _inside_hand(target: GraspObject, hand: FloatArray, model: HandModel) -> float:
    """How deep points of the object are inside the hand, negative [m]: edges that poke in between its vertices."""
    points = target.samples[0]
    points = points[cKDTree(hand).query(points, distance_upper_bound=0.005)[0] < 0.005]
    return min(0.0, float(exact_distance(points, hand, model.faces, True).min())) if len(points) else 0.0


def _directions(count: int) -> FloatArray:
    """Unit vectors (count, 3) spread over the sphere: a Fibonacci lattice."""
    n = np.arange(count) + 0.5
    z, azimuth = 1 - 2 * n / count, np.pi * (1 + 5**0.5) * n
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), z], 1)


_DIRECTIONS = _directions(400)
