"""Whether a frame's pose is to be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rhov_core.trajectory import ObjectState
from rhov_optimizer.tracking.config import TrackerConfig

SURE_OF_DEPTH = 0.85
"""A pose that the flow carries on and that overlaps by this with both masks outweighs the depth of the hand."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for the pose of a frame."""

    sound: bool
    """The pose is finite and in front of the camera."""
    searched: bool
    """It does not follow from the previous frame."""
    continuous: bool
    """The optical flow leads to it from the previous frame, or it was found next to a good pose a short while ago."""
    carried: bool
    """Many tracks of optical flow from the previous frame lead to it."""
    iou: float
    """Overlap of the silhouette with the mask it was fitted to, outside the hand, 0 to 1; NaN without a mask."""
    witness_iou: float
    """Overlap with a mask that no pose had a part in; NaN without one."""
    covered: float
    """How much of the mask it was fitted to the silhouette covers outside the hand, 0 to 1; NaN without a mask."""
    mask_score: float
    """How well the colours separate the object from its surroundings, 0 to 1."""
    feature_inliers: int
    """Features that agree with the pose."""
    features_expected: bool
    """Whether features are known that must be found again if the pose is right."""
    hand_off: float
    """How far its depth is from that of a hand that hides much of the object, in standard deviations; 0 without."""


def judge(evidence: Evidence, config: TrackerConfig) -> ObjectState:
    """The state of the object in a frame.

    A mask that was segmented from the pose's own silhouette confirms itself (its overlap stayed above 0.85 at a pose
    that was 85 degrees wrong), so it can only convict, never acquit. Where features are known they must agree too.
    Features are missed where the hand or motion blur hides them: a pose that the flow leads to, or that was found next
    to the last good one, is then believed if the mask that no pose had a part in agrees closely.
    Without features the mask that was followed independently must be credible and must overlap: well if the pose was
    searched for, roughly if it follows from the previous frame, for that mask may have drifted.
    A silhouette that covers all of a mask but more than it is not contradicted, for something may hide the rest, an arm
    or another object; and a mask may run over into things of the object's colours. If much optical flow on
    the object carries a pose on, it is believed in both cases.
    A pose far from the depth of the hand that holds it is believed by its texture only, or if much flow carries it on
    and both masks agree well: then it is the hand's depth that is wrong.

    Args:
        evidence: What was found.
        config: Thresholds.
    """
    if evidence.features_expected:
        seen = math.isnan(evidence.iou) or evidence.iou >= config.least_iou
        outline = evidence.iou >= config.followed_iou and evidence.witness_iou >= config.followed_iou
        credible = evidence.mask_score >= config.least_mask_score
        confirmed = (evidence.continuous and outline and credible) or evidence.feature_inliers >= config.least_inliers
    else:
        seen = evidence.iou >= config.least_iou
        least = config.search_iou if evidence.searched else config.witness_iou
        witness = evidence.witness_iou >= least or (math.isnan(evidence.witness_iou) and not evidence.searched)
        confirmed = witness and evidence.mask_score >= config.least_mask_score
    hidden = evidence.covered >= config.carried_cover or evidence.iou >= config.carried_iou
    believed = (seen and confirmed) or (evidence.carried and hidden)
    agreed = evidence.carried and evidence.iou >= SURE_OF_DEPTH and evidence.witness_iou >= SURE_OF_DEPTH
    sure = agreed or evidence.feature_inliers >= config.least_inliers
    if not (evidence.sound and believed and (sure or evidence.hand_off <= config.most_hand_off)):
        return ObjectState.LOST
    return ObjectState.REINITIALISED if evidence.searched else ObjectState.TRACKED
