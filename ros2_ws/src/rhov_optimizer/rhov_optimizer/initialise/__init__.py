"""The pose of the object in the first frame."""

from rhov_optimizer.initialise.candidates import InitialPose, PoseCandidate
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.find import find_initial_pose, refine_initial_pose

__all__ = ["InitialPose", "InitialPoseConfig", "PoseCandidate", "find_initial_pose", "refine_initial_pose"]
