"""A hand closed on an object."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.pose import log_rotation
from rhov_core.synth.candidates import Candidate
from rhov_core.synth.closing import close_hand
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.hand_skin import Skin, hand_skin
from rhov_core.synth.handles import Grip

_FINGER_GAP = 0.0105
"""Least distance between the middle lines of two fingers [m]."""
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
    holding = 4 if power else 2
    if not close_hand(skin, target.field, candidate.R, t, candidate.approach, paces, thumbs, power, holding, angles):
        return None
    return GraspPose(candidate.grip, candidate.R, t, angles, candidate.approach)


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
