"""Joint optimisation of hand and object over all frames of a clip (paper section 3.3)."""

from rhov_optimizer.joint.config import JointConfig
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.optimise import JointResult, optimise_trajectory
from rhov_optimizer.joint.weights import TermWeights

__all__ = ["JointConfig", "JointResult", "ObjectSolverConfig", "TermWeights", "optimise_trajectory"]
