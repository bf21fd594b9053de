"""Pose prior of the hand: joints stay within what hands can do."""

from __future__ import annotations

import torch

from rhov_core.hand import JointLimits
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term

ANGLE = 0.1
"""An excess that counts one [rad]."""
LATENT_WEIGHT = 0.01
"""What the squared norm of MANO's latent vector counts, in the same unit."""


class JointLimitTerm(Term):
    """How far the finger joints are past their limits.

    Where the model brings MANO's pose prior, the squared norm of the pose in the prior's latent space is added (the
    paper's L_mpn).
    """

    def __init__(self, problem: Problem) -> None:
        if problem.hand_model is None:
            raise CueMissingError("no frame shows a hand")
        model = problem.hand_model
        self._limits = JointLimits.of(model)
        self._prior = None
        if model.prior_mean is not None and model.prior_components is not None:
            mean = torch.tensor(model.prior_mean, dtype=torch.float32)
            self._prior = mean, torch.tensor(model.prior_components, dtype=torch.float32)
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared excesses, summed over the joints."""
        assert scene.hand is not None
        pose = scene.hand.pose[scene.own]
        loss = self._limits.penalty(pose).sum()
        if self._prior is not None:
            mean, components = (tensor.to(pose) for tensor in self._prior)
            loss = loss + LATENT_WEIGHT * ((pose[:, 3:] - mean) @ components.T).square().sum()
        return loss / (ANGLE**2 * self._count)
