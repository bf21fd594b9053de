"""A hand closed on an object, and how well it holds it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from rhov_core.arrays import FloatArray
from rhov_core.hand import FINGERS, HandModel
from rhov_core.pose import log_rotation
from rhov_core.synth.candidates import Candidate
from rhov_core.synth.closing import close_hand, hand_clearance
from rhov_core.synth.exact_distance import exact_distance
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.hand_skin import PALM, Skin, hand_skin
from rhov_core.synth.handles import Grip

REACH = 0.003
"""A finger or pad this near to the surface touches it [m]."""
DEEPEST = 0.0015
"""Largest accepted penetration: that of soft skin [m]."""
_BELOW_TABLE = 0.003
"""The hand may be this far below the table [m]: skin gives way, and things are lifted a little first."""
_OPPOSED = -0.4
"""Largest product of the surface normals under thumb and fingers that hold something between them."""
_FINGER_GAP = 0.0105
"""Least distance between the middle lines of two fingers [m]."""
_NEAR = 0.006
"""Points further than this from the surface, by the grid, are not measured exactly [m]."""
_POWER_PACE = np.array([[0.5, 1.0, 0.8], [1.0, 1.1, 0.7], [1.0, 1.1, 0.7], [1.0, 1.1, 0.7], [1.0, 1.1, 0.7]])
_PINCH_PACE = np.array([[0.6, 0.8, 0.3], [1.0, 0.35, 0.15], [1.0, 0.35, 0.15], [1.0, 0.5, 0.2], [1.0, 0.5, 0.2]])
_THUMBS = np.stack(np.meshgrid([-0.55, -0.2, 0.2, 0.5], [-0.6, -0.2, 0.25, 0.65], [-0.3, 0.3], indexing="ij"), -1)


@dataclass(frozen=True, eq=False)
class GraspPose:
    """A closed hand in the object's frame."""

    grip: Grip
    R: FloatArray
    """(3, 3) orientation of the wrist."""
    t: FloatArray
    """(3,) translation of the hand model [m]."""
    angles: FloatArray
    """(15, 3) of the finger joints [rad]."""
    approach: FloatArray
    """(3,) unit vector from the palm to the object."""

    def parameters(self, skin: Skin, angles: FloatArray | None = None) -> FloatArray:
        """The hand model's pose (48,) [rad], with other angles (15, 3) if given."""
        turned = np.einsum("jac,ja->jc", skin.axes, self.angles if angles is None else angles)
        return np.concatenate([log_rotation(self.R), turned.ravel()])


def closed(candidate: Candidate, target: GraspObject, skin: Skin, rng: np.random.Generator) -> GraspPose | None:
    """The candidate closed on the object; None if it does not fit."""
    t, angles = candidate.t.copy(), candidate.angles.copy()
    power = candidate.grip == "power"
    paces = (_POWER_PACE if power else _PINCH_PACE) * rng.uniform(0.8, 1.25, (1, 3))
    thumbs = _THUMBS.reshape(-1, 3) if power else np.zeros((0, 3))
    if not close_hand(skin, target.field, candidate.R, t, candidate.approach, paces, thumbs, power, angles):
        return None
    return GraspPose(candidate.grip, candidate.R, t, angles, candidate.approach)


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
    """Product of the normals under the thumb's and the index finger's pads: -1 when they face each other."""
    above_table: float
    """Height of the lowest point of the hand [m]."""

    def fits(self, grip: Grip) -> bool:
        """Whether the hand holds the object as this grip asks for."""
        if self.penetration > DEEPEST or self.above_table < -_BELOW_TABLE:
            return False
        if grip == "power":
            return bool((self.finger_distance < REACH).all())
        return bool((self.pad_distance[:3] < REACH).all()) and self.opposition < _OPPOSED


def roughly_holds(pose: GraspPose, target: GraspObject, skin: Skin) -> bool:
    """A quick look on the distance grid: whether `measured` may accept the pose."""
    clear = np.empty(PALM + 1)
    hand_clearance(skin, target.field, pose.R, pose.t, pose.angles, clear)
    if clear.min() < -DEEPEST:
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
    deepest = min(float(distance.min()), *exact_distance(middles, target.vertices, target.faces), 0.0)
    deepest = min(deepest, _inside_hand(target, hand, model))
    of_finger = [model.weights[:, chain].sum(1) > 0.5 for chain in skin.chains]
    pads = [np.asarray(model.fingertip_vertices[finger]) for finger in FINGERS]
    contacts = [pad[distance[pad].argmin()] for pad in pads]
    return Hold(
        max(0.0, -deepest),
        np.array([distance[vertices].min() for vertices in of_finger]),
        np.array([distance[vertex] for vertex in contacts]),
        float(gradient[contacts[0]] @ gradient[contacts[1]]),
        float((hand @ target.up).min() - target.table),
    )


def _inside_hand(target: GraspObject, hand: FloatArray, model: HandModel) -> float:
    """How deep points of the object are inside the hand, negative [m]: edges that poke in between its vertices."""
    points = target.samples[0]
    points = points[cKDTree(hand).query(points, distance_upper_bound=0.005)[0] < 0.005]
    return min(0.0, float(exact_distance(points, hand, model.faces).min())) if len(points) else 0.0


def fingers_cross(pose: GraspPose, model: HandModel) -> bool:
    """Whether two fingers run through each other."""
    joints = model.forward_numpy(pose.parameters(hand_skin(model)), np.zeros(10), pose.t).joints[0]
    lines = joints[1:].reshape(5, 4, 3)
    steps = np.linspace(0, 1, 6)[:, None]
    pieces = [
        np.concatenate([a + steps * (b - a) for a, b in itertools.pairwise(line[1:])]) for line in lines
    ]  # the outer two bones of each finger
    pieces[0] = pieces[0][4:]  # the thumb's first knuckle lies beside the palm
    return any(
        bool((np.linalg.norm(a[:, None] - b[None], axis=-1) < _FINGER_GAP).any())
        for i, a in enumerate(pieces)
        for b in pieces[i + 1 :]
    )
