"""Finger term: the fingers stay near what the images say of them."""

from __future__ import annotations

import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term

ANGLE = 0.1
"""A joint this far from the estimate counts one [rad]."""
HUBER = 3.0
"""From this many `ANGLE` on, the loss grows linearly: single images are wrong about fingers at times."""


class FingerTerm(Term):
    """Rotation vectors of the finger joints as they were estimated: the clip's at the start.

    An estimator knows more of fingers than their keypoints: how far each is from the camera relative to the others, and
    how hands that hold things look. Keypoints alone leave a finger free to bend along the viewing ray.
    """

    def __init__(self, problem: Problem) -> None:
        if problem.hand is None:
            raise CueMissingError("no frame shows a hand")
        self._count = len(problem)
        self._fingers = torch.tensor(problem.hand.pose[:, 3:].reshape(-1, 15, 3), dtype=torch.float32)
        self._valid = torch.tensor(problem.hand.valid, dtype=torch.float32)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Huber loss of the angles, mean over the joints."""
        assert scene.hand is not None
        pose = scene.hand.pose[scene.own][:, 3:].reshape(-1, 15, 3)
        apart = (pose - self._fingers[scene.own_frames].to(pose)).square().sum(-1)
        angle = (apart + 1e-12).sqrt() / ANGLE
        loss = torch.nn.functional.huber_loss(angle, torch.zeros_like(angle), reduction="none", delta=HUBER)
        return 2 * (self._valid[scene.own_frames].to(pose)[:, None] * loss).sum() / (15 * self._count)
