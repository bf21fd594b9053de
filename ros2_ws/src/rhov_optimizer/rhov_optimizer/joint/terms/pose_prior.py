"""Pose prior of the hand (the paper's L_mpn)."""

from __future__ import annotations

import torch

from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term

ANGLE = 0.1
"""A latent coordinate that counts one [rad]."""


class PosePriorTerm(Term):
    """Squared norm of the fingers' pose in MANO's latent space; models without one have joint limits only."""

    def __init__(self, problem: Problem) -> None:
        if problem.hand_model is None:
            raise CueMissingError("no frame shows a hand")
        model = problem.hand_model
        if model.prior_mean is None or model.prior_components is None:
            raise CueMissingError(f"the hand model '{model.name}' brings no pose prior")
        self._mean = torch.tensor(model.prior_mean, dtype=torch.float32)
        self._components = torch.tensor(model.prior_components, dtype=torch.float32)
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Sum over the latent coordinates."""
        assert scene.hand is not None
        pose = scene.hand.pose[scene.own]
        latent = (pose[:, 3:] - self._mean.to(pose)) @ self._components.to(pose).T
        return latent.square().sum() / (ANGLE**2 * self._count)
