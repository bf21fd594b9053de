"""Cues of the manipulated object: its mask, the optical flow on it, features near it."""

from rhov_perception.object.config import ObjectEstimatorConfig
from rhov_perception.object.estimator import ObjectEstimator
from rhov_perception.object.seed import Box

__all__ = ["Box", "ObjectEstimator", "ObjectEstimatorConfig"]
