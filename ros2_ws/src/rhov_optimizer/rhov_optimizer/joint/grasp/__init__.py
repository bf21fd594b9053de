"""Grasp priors: what a hand near the object would hold it like."""

from rhov_optimizer.joint.grasp.prior import GraspPrior, Grasps, GraspScene
from rhov_optimizer.joint.grasp.registry import GRASP_PRIORS, load_grasp_prior

__all__ = ["GRASP_PRIORS", "GraspPrior", "GraspScene", "Grasps", "load_grasp_prior"]
