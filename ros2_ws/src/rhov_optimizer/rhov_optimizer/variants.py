"""Named sets of settings of a reconstruction: everything, and everything with something left out (paper Table 4).

`joint` is the default. Of the paper's ablations `temporal` and `joint optim.` are both its default method, against
which Table 4a sets `per_frame` and Table 4c `independent`; so `temporal` is another name for `joint` here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from rhov_core.errors import InputError
from rhov_optimizer.joint.config import JointConfig
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.terms.term import Couples
from rhov_optimizer.joint.weights import TermWeights
from rhov_optimizer.tracking.config import TrackerConfig

RESIDUALS = {
    "contour": ("contour_weight",),
    "tracks": ("flow_weight", "feature_weight"),
    "features": ("feature_weight",),
    "depth": ("depth_weight",),
    "smoothness": ("smoothness_weight",),
    "wrist": ("wrist_weight",),
}
"""Kinds of residuals of the Gauss-Newton solver, and their weights in `ObjectSolverConfig`."""
BETWEEN_FRAMES = ("flow_weight", "feature_weight", "smoothness_weight", "wrist_weight")
"""Weights in `ObjectSolverConfig` of what ties frames together."""


@dataclass(frozen=True)
class Variant:
    """One set of settings."""

    name: str
    removes: str
    """What it leaves out, in words; empty for the default."""
    weights: TermWeights = field(default_factory=TermWeights)
    config: JointConfig = field(default_factory=JointConfig)
    object_config: ObjectSolverConfig = field(default_factory=ObjectSolverConfig)
    tracker_config: TrackerConfig = field(default_factory=TrackerConfig)
    """Of the tracker that runs before: differs for `per_frame` only, whose start must not know other frames either."""

    def settings(self) -> dict[str, Any]:
        """Keyword arguments of `optimise_trajectory`."""
        return {"weights": self.weights, "config": self.config, "object_config": self.object_config}


def variant(name: str) -> Variant:
    """A variant by its name.

    Raises:
        InputError: If there is none of this name.
    """
    if name not in VARIANTS:
        raise InputError(f"there is no variant '{name}'", ", ".join(VARIANTS), "choose one of these")
    return VARIANTS[name]


def _without_terms(couples: Couples) -> TermWeights:
    return replace(TermWeights(), **{name: 0.0 for name, kind, _ in TermWeights().terms() if kind.couples is couples})


def _without_residuals(names: Iterable[str]) -> ObjectSolverConfig:
    nothing: dict[str, Any] = dict.fromkeys(names, 0.0)
    return replace(ObjectSolverConfig(), **nothing)


def _independent() -> Variant:
    return Variant(
        "independent",
        "whatever ties hand and object together: terms, common size, depth at contact, a hidden hand or a lost object "
        "carried along. "
        "Each still leaves the other's mask out of its own outline, and an object of unknown size keeps its file's",
        weights=_without_terms(Couples.HAND_AND_OBJECT),
        config=JointConfig(couple_hand_object=False),
    )


def _per_frame() -> Variant:
    return Variant(
        "per_frame",
        "whatever ties frames together: temporal terms, flow, features of other frames, the prior on motion, bridging. "
        "The clip has one size of hand and object. Where the poses start from is up to the tracking before",
        weights=_without_terms(Couples.FRAMES),
        config=JointConfig(couple_frames=False),
        object_config=_without_residuals(BETWEEN_FRAMES),
        tracker_config=TrackerConfig(flow_weight=0.0, feature_weight=0.0),
    )


def _all() -> dict[str, Variant]:
    variants = [
        Variant("joint", ""),
        Variant("temporal", ""),
        _independent(),
        _per_frame(),
    ]
    for name, kind, weight in TermWeights().terms():
        if weight > 0:
            variants.append(
                Variant(
                    f"no_{name}",
                    f"the term {name}, in both solvers",
                    weights=replace(TermWeights(), **{name: 0.0}),
                    object_config=_without_residuals(kind.residuals),
                )
            )
    for name, settings in RESIDUALS.items():
        variants.append(
            Variant(
                f"no_{name}",
                f"the residuals {name} of the Gauss-Newton solver",
                object_config=_without_residuals(settings),
            )
        )
    return {entry.name: entry for entry in variants}


VARIANTS: dict[str, Variant] = _all()
"""Every variant by its name; the default is `joint`."""
