"""Whether a frame's pose is to be believed."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.trajectory import ObjectState
from rhov_optimizer.tracking.config import TrackerConfig


@dataclass(frozen=True)
class Evidence:
    """What speaks for the pose of a frame."""

    sound: bool
    """The pose is finite and in front of the camera."""
    iou: float
    """Overlap of the silhouette with the mask, outside the hand, 0 to 1; NaN without a mask."""
    mask_score: float
    """How well the colours separate the object from its surroundings, 0 to 1."""
    feature_inliers: int
    """Features that agree with the pose."""
    features_expected: bool
    """Whether features are known that must be found again if the pose is right."""


def judge(evidence: Evidence, was_lost: bool, config: TrackerConfig) -> ObjectState:
    """The state of the object in a frame.

    A mask that was seeded by the pose confirms itself (its overlap stayed above 0.85 at a pose that was 85 degrees
    wrong), so it can only convict, never acquit: where features are known, they must agree too. Without them the
    overlap has to do, and then the mask itself must be credible.

    Args:
        evidence: What was found.
        was_lost: Whether the object was lost in the frame before.
        config: Thresholds.
    """
    seen = evidence.iou >= config.least_iou  # False for NaN
    if evidence.features_expected:
        confirmed = evidence.feature_inliers >= config.least_inliers
    else:
        confirmed = evidence.mask_score >= config.least_mask_score
    if not (evidence.sound and seen and confirmed):
        return ObjectState.LOST
    return ObjectState.REINITIALISED if was_lost else ObjectState.TRACKED
