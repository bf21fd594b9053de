"""Joint limits of the hand: a prior for every hand model."""

from __future__ import annotations

import torch

from rhov_core.hand import JointLimits
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import CueMissingError, Term

ANGLE = 0.1
"""An excess that counts one [rad]."""


class JointLimitTerm(Term):
    """How far the finger joints are past what hands can do."""

    def __init__(self, problem: Problem) -> None:
        if problem.hand_model is None:
            raise CueMissingError("no frame shows a hand")
        self._limits = JointLimits.of(problem.hand_model)
        self._count = len(problem)

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared excesses, summed over the joints."""
        assert scene.hand is not None
        return self._limits.penalty(scene.hand.pose[scene.own]).sum() / (ANGLE**2 * self._count)
