"""The object's pose from frame to frame."""

from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.doubt import Revision
from rhov_optimizer.tracking.tracker import ObjectTracker

__all__ = ["ObjectTracker", "Revision", "TrackerConfig"]
