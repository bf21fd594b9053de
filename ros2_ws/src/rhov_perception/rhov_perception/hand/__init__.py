"""Hands: detection, choice of the manipulating one, fit of the hand model, mask."""

from rhov_perception.hand.config import HandConfig
from rhov_perception.hand.estimator import HandEstimator, HandObservation

__all__ = ["HandConfig", "HandEstimator", "HandObservation"]
