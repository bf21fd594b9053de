"""Checks of a whole motion before anything moves."""

from franka_imitation.safety.checks import SafetyChecks, SafetyConfig
from franka_imitation.safety.motion import JointMotion
from franka_imitation.safety.refusal import Refusal

__all__ = ["JointMotion", "Refusal", "SafetyChecks", "SafetyConfig"]
