"""Hold term: a hand that holds the object moves with it."""

from __future__ import annotations

import numpy as np
import torch

from rhov_core.arrays import BoolArray
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.frame_differences import FrameDifferences
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term

DISTANCE = 0.01
"""A change that counts one [m]."""
FINGERS = 2
"""So many fingers near the object hold it."""
SPEED, AROUND = 0.02, 0.1
"""An object that moves more slowly than this [m/s], over so long before and after [s], need not be held: a hand that
comes near it or lets it go is at it, too."""


class HoldTerm(Term):
    """The hand's keypoints change little in the object's frame, while the hand is at the object and the object moves.

    It is the temporal term (paper equation 4) in the frame in which a grasp stands still: many views of one grasp,
    from the different sides that the moving object shows, tell its depth.
    """

    couples = Couples.HAND_AND_OBJECT

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.hand_model is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        if len(problem) < 2 or not problem.config.couple_frames:
            raise CueMissingError("frames know nothing of each other")
        both = problem.hand.valid & problem.seen
        if not both.any():
            raise CueMissingError("no frame shows both hand and object")
        self._pads = [torch.from_numpy(pad) for pad in problem.hand_model.fingertip_vertices.values()]
        self._problem, self._held = problem, torch.from_numpy(both & _moving(problem))
        self._differences = FrameDifferences(problem, both)
        self.update(problem.start)

    def update(self, scene: Scene) -> None:
        """Decides in which frames the hand is at the object."""
        assert scene.hand is not None
        with torch.no_grad():
            vertices = scene.in_object(scene.hand.vertices)[scene.own]
            distance = [self._problem.distance.distance(vertices[:, pad]).abs().amin(1) for pad in self._pads]
            gaps = torch.stack(distance, 1) * scene.object_scale
        holds = (gaps < self._problem.config.contact_distance).sum(1) >= FINGERS
        self._differences.valid[scene.own_frames] = holds & self._held[scene.own_frames]

    def loss(self, scene: Scene) -> torch.Tensor:
        """Paper equation 4, of keypoints in the object's frame."""
        assert scene.hand is not None
        joints = scene.in_object(scene.hand.joints) * scene.object_scale
        return self._differences(joints, scene, DISTANCE)


def _moving(problem: Problem) -> BoolArray:
    """(N,) where the object's vertices move at the start, on average."""
    frames, stamps = np.arange(len(problem)), problem.stamps
    before = np.minimum(np.searchsorted(stamps, stamps - AROUND), np.maximum(frames - 1, 0))
    after = np.maximum(np.searchsorted(stamps, stamps + AROUND, side="right") - 1, np.minimum(frames + 1, frames[-1]))
    vertices = problem.start.object_vertices.numpy()
    distance = np.linalg.norm(vertices[after] - vertices[before], axis=-1).mean(1)
    return np.asarray(distance > SPEED * (stamps[after] - stamps[before]))
