"""The pose of the object in the first frame."""

from rhov_optimizer.initialise.candidates import InitialPose, PoseCandidate
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.find import find_initial_pose, refine_initial_pose
from rhov_optimizer.initialise.view_search import SearchedObject, ViewSearch

__all__ = [
    "InitialPose",
    "InitialPoseConfig",
    "PoseCandidate",
    "SearchedObject",
    "ViewSearch",
    "find_initial_pose",
    "refine_initial_pose",
]
