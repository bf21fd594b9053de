"""What moves in a clip: the object, the hand, the arm behind it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.object_model import ObjectModel
from rhov_core.pose import log_rotation, transform_points
from rhov_core.synth.forearm import load_forearm, place_forearm, pose_sleeve, sleeve_rest
from rhov_core.synth.motion import HandPose, State

OBJECT, HAND, FOREARM, SLEEVE = range(4)
"""Order of what moves, everywhere."""


class HandParameters(NamedTuple):
    """Of the hand model, in MANO's layout."""

    pose: FloatArray
    """(48,) [rad]"""
    translation: FloatArray
    """(3,) [m]"""


class Actors:
    """The vertices of everything that moves.

    Args:
        model: The object.
        hand: The hand; its shape coefficients are zero.
        shoulder: (3,) world [m].
    """

    def __init__(self, model: ObjectModel, hand: HandModel, shoulder: FloatArray) -> None:
        self.model, self.hand, self.shoulder = model, hand, shoulder
        self.forearm = load_forearm(hand.side)
        self.sleeve_at_rest, self._sleeve_faces = sleeve_rest()

    @property
    def faces(self) -> list[NDArray[np.int32]]:
        """(F, 3) of object, hand, forearm and sleeve."""
        return [self.model.faces, self.hand.faces, self.forearm.faces, self._sleeve_faces]

    def parameters(self, hand: HandPose) -> HandParameters:
        """Of a hand, in the frame that its wrist is given in."""
        pose = np.concatenate([log_rotation(hand.wrist[:3, :3]), hand.fingers])
        return HandParameters(pose, hand.wrist[:3, 3] - self.hand.joint_template[0])

    def hand_vertices(self, hand: HandPose) -> FloatArray:
        """(V, 3) in the frame that the wrist is given in [m]."""
        parameters = self.parameters(hand)
        vertices = self.hand.forward_numpy(parameters.pose[None], np.zeros(10), parameters.translation[None]).vertices
        return np.asarray(vertices[0])

    def vertices(self, state: State) -> list[FloatArray]:
        """(V, 3) of object, hand, forearm and sleeve in the world [m]."""
        hand = self.hand_vertices(state.hand)
        T_forearm = place_forearm(self.forearm, state.hand.wrist, self.shoulder)
        return [
            transform_points(state.T_world_object, self.model.vertices),
            hand,
            self.forearm.posed(state.hand.wrist, T_forearm, hand),
            pose_sleeve(T_forearm, self.forearm.elbow, self.shoulder),
        ]
