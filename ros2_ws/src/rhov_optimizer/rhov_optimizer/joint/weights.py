"""The registry of terms and their weights: one line each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rhov_core.config import check_ranges
from rhov_optimizer.joint.terms.depth import HandDepthTerm, ObjectDepthTerm
from rhov_optimizer.joint.terms.fingers import FingerTerm
from rhov_optimizer.joint.terms.flow import FlowTerm
from rhov_optimizer.joint.terms.grasp import GraspTerm
from rhov_optimizer.joint.terms.hand_mask import HandMaskTerm
from rhov_optimizer.joint.terms.hold import HoldTerm
from rhov_optimizer.joint.terms.interaction import InteractionTerm
from rhov_optimizer.joint.terms.joint_limits import JointLimitTerm
from rhov_optimizer.joint.terms.keypoints import KeypointTerm
from rhov_optimizer.joint.terms.object_mask import ObjectMaskTerm
from rhov_optimizer.joint.terms.occlusion import OcclusionTerm
from rhov_optimizer.joint.terms.penetration import PenetrationTerm
from rhov_optimizer.joint.terms.pose_prior import PosePriorTerm
from rhov_optimizer.joint.terms.projection import HandProjectionTerm, ObjectProjectionTerm
from rhov_optimizer.joint.terms.temporal import HandTemporalTerm, ObjectTemporalTerm
from rhov_optimizer.joint.terms.term import Term


def _term(kind: type[Term], weight: float, reason: str) -> Any:
    """A field of `TermWeights`: the term's class, its default weight and the reason for it. 0 switches it off."""
    return dataclasses.field(default=weight, metadata={"help": reason, "low": 0.0, "high": None, "term": kind})


@dataclass(frozen=True)
class TermWeights:
    """Weights of the terms of the joint optimisation; a field is all that makes a term known."""

    object_mask: float = _term(ObjectMaskTerm, 100.0, "1 % of the area wrong counts one: the sharpest image evidence")
    hand_mask: float = _term(HandMaskTerm, 1.0, "weak: hand masks are rough and may hold the forearm")
    object_depth: float = _term(
        ObjectDepthTerm, 0.5, "half a unit: depth networks and sensors err alike over an object"
    )
    hand_depth: float = _term(HandDepthTerm, 0.5, "the same")
    flow: float = _term(FlowTerm, 0.5, "a pixel off in the motion counts as half a unit; it drifts alone")
    object_temporal: float = _term(ObjectTemporalTerm, 1.0, "1 cm a frame counts one; more slows true motion")
    hand_temporal: float = _term(HandTemporalTerm, 2.0, "twice that: less leaves the detector's jitter in")
    hold: float = _term(HoldTerm, 30.0, "2 mm a frame counts one: a grasp stands still; more gains little")
    interaction: float = _term(InteractionTerm, 1.0, "the unit: a fingertip 5 mm off the surface counts one")
    penetration: float = _term(PenetrationTerm, 2.0, "above interaction, so that touching ends outside")
    occlusion: float = _term(
        OcclusionTerm, 1.0, "the unit; four times as much overshoots when a whole hand changes sides"
    )
    object_projection: float = _term(ObjectProjectionTerm, 0.01, "an anchor only: masks and flow know better")
    hand_projection: float = _term(HandProjectionTerm, 0.01, "an anchor only: the keypoints know better")
    keypoints: float = _term(KeypointTerm, 1.0, "the unit of the hand's image evidence: 5 mm off counts one")
    fingers: float = _term(FingerTerm, 8.0, "a joint 0.035 rad off counts one: images tell more than their keypoints")
    joint_limits: float = _term(JointLimitTerm, 1.0, "a joint 0.1 rad past its limit counts one")
    pose_prior: float = _term(PosePriorTerm, 0.01, "weak: it decides only what nothing else does")
    grasp: float = _term(GraspTerm, 0.5, "half a unit: a guess, though a good one where fingers are hidden")

    def __post_init__(self) -> None:
        check_ranges(self)

    def terms(self) -> Iterator[tuple[str, type[Term], float]]:
        """Name, class and weight of every term."""
        for field in dataclasses.fields(self):
            yield field.name, field.metadata["term"], float(getattr(self, field.name))
