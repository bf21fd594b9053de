"""Grasp prior term (the paper's L_gn)."""

from __future__ import annotations

import torch

from rhov_core.pose import make_transform
from rhov_optimizer.joint.grasp import GraspScene, load_grasp_prior
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import Couples, CueMissingError, Term

ANGLE = 0.1
"""A joint this far from the prior's counts one [rad]."""


class GraspTerm(Term):
    """Finger joints near those that a grasp prior proposes, in the frames where the hand is near the object.

    The prior is asked halfway, as in the paper: only then are hand and object where a grasp can be told from. Until
    then the term is zero. Which prior it is, is a setting.
    """

    couples = Couples.HAND_AND_OBJECT

    def __init__(self, problem: Problem) -> None:
        self._prior = load_grasp_prior(problem.config.grasp_prior)
        if problem.hand is None or problem.hand_model is None or problem.start.hand is None:
            raise CueMissingError("no frame shows a hand")
        self._both = problem.hand.valid & problem.seen
        if not self._both.any():
            raise CueMissingError("no frame shows both hand and object")
        self._problem = problem
        self._shape = problem.hand.shape
        self._fingers = torch.zeros(len(problem), 15, 3)
        self._proposed = torch.zeros(len(problem), 15)
        if (refusal := self._prior.refusal(problem.hand_model)) is not None:
            raise CueMissingError(refusal)

    def update(self, scene: Scene) -> None:
        """Asks the prior."""
        assert scene.hand is not None
        assert self._problem.hand_model is not None
        frames, own = scene.own_frames, scene.own
        T = make_transform(
            scene.object_rotation[own].detach().double().numpy(),
            scene.object_translation[own].detach().double().numpy(),
        )
        grasps = self._prior.propose(
            GraspScene(
                hand_model=self._problem.hand_model,
                pose=scene.hand.pose[own].detach().double().numpy(),
                shape=self._shape,
                translation=scene.hand.translation[own].detach().double().numpy(),
                T=T,
                scale=float(scene.object_scale),
                mesh=self._problem.mesh,
                distance=self._problem.distance,
                near=self._problem.config.contact_distance,
            )
        )
        self._fingers[frames] = torch.from_numpy(grasps.fingers.reshape(-1, 15, 3)).float()
        self._proposed[frames] = torch.from_numpy(grasps.proposed * self._both[frames, None]).float()

    def loss(self, scene: Scene) -> torch.Tensor:
        """Squared differences of the rotation vectors, mean over the joints that the prior speaks of."""
        assert scene.hand is not None
        pose = scene.hand.pose[scene.own][:, 3:].reshape(-1, 15, 3)
        proposed = self._proposed[scene.own_frames].to(pose)
        apart = (pose - self._fingers[scene.own_frames].to(pose)).square().sum(-1) / ANGLE**2
        return (proposed * apart).sum() / (15 * len(self._problem))
