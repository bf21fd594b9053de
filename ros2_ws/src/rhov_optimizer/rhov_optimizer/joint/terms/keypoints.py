"""Keypoint term: the hand model's joints project onto the detector's keypoints."""

from __future__ import annotations

import numpy as np
import torch

from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation
from rhov_optimizer.joint.landmark_offsets import keypoints_of_joints
from rhov_optimizer.joint.other_side import hands_of_side
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term

TOLERANCE = 0.005
"""An error that counts one, at the hand's distance [m]: about what the detector and the free hand model disagree by."""
HUBER = 3.0
"""From this many tolerances on, the loss grows linearly: fingers that the object hides are guessed by the detector."""


class KeypointTerm(Term):
    """Reprojection of the 21 keypoints, in metres at the hand's distance.

    What the detector's landmarks and the model's joints differ by throughout the clip is taken out first.
    """

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        self._problem = problem
        self._keypoints = torch.tensor(_keypoints(problem), dtype=torch.float32)
        depth = problem.start.hand.joints[..., 2].mean(1).clamp(min=0.05)
        focal = (problem.camera.fx + problem.camera.fy) / 2
        self._scale = depth / (focal * TOLERANCE) * torch.from_numpy(problem.hand.valid)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Huber loss of the distances."""
        assert scene.hand is not None
        uv = self._problem.project(scene.hand.joints[scene.own])
        error = (uv - self._keypoints[scene.own_frames]) * self._scale[scene.own_frames][:, None, None]
        distance = (error.square().sum(-1) + 1e-12).sqrt()
        loss = torch.nn.functional.huber_loss(distance, torch.zeros_like(distance), reduction="none", delta=HUBER)
        return 2 * loss.mean(1).sum() / len(self._problem)


def _keypoints(problem: Problem) -> FloatArray:
    """(N, 21, 2) [pixel]; zero where no hand was seen."""
    assert problem.hand is not None
    assert problem.hand_model is not None
    valid, hands = problem.hand.valid, hands_of_side(problem.records, problem.hand_model).values()
    keypoints = problem.hand.keypoints.copy()
    keypoints[valid] = keypoints_of_joints(
        keypoints[valid],
        np.stack([hand.joints for hand in hands]),
        exp_rotation(np.stack([hand.pose[:3] for hand in hands])),
        problem.camera,
        per_frame=not problem.config.couple_frames,
    )
    return keypoints
