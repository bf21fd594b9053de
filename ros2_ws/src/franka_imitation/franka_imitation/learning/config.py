"""Settings of the learned imitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class TaskConfig:
    """What counts as done, and how an episode is simulated."""

    observation: Literal["guided", "paper"] = setting(
        "guided", "what the policy sees: paper (section 4.2) or guided (also way-point, stage and time in it)"
    )
    history: int = setting(1, "observations of so many moments are shown side by side", low=1, high=16)
    history_stride: int = setting(8, "control steps between two of them", low=1, high=60)
    max_position_error: float = setting(0.03, "a goal is matched within this distance [m]", low=0.001)
    max_rotation_error: float = setting(0.3, "a goal is matched within this angle [rad]", low=0.01)
    max_joint_delta: float = setting(0.2, "joint position delta of an action of 1 [rad]", low=0.01, high=1.0)
    lost_distance: float = setting(0.2, "an object this far from its goal ends the episode [m]", low=0.02)
    patience: float = setting(9.0, "time for the way to the first goal before an episode fails [s]", low=1.0)
    slowness: float = setting(1.5, "time for the goals, in durations of the demonstration, before failing", low=1.0)
    approach: float = setting(0.1, "length of the straight approach to the grasp [m]", low=0.02, high=0.3)
    lift: float = setting(0.08, "how far the object is lifted before it is turned [m]", low=0.01, high=0.4)
    substeps: int = setting(6, "steps of the physics in a control period", low=1, high=64)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class Randomisation:
    """What differs from episode to episode; all zero (and factors 1): nothing does."""

    start_position: float = setting(0.02, "the object's start is shifted by up to this in x and y [m]", low=0.0)
    start_rotation: float = setting(0.17, "and turned about the vertical by up to this [rad]", low=0.0)
    posture: float = setting(0.02, "standard deviation of the joints' start [rad]", low=0.0)
    mass: float = setting(2.0, "the mass is multiplied by up to this or divided by it", low=1.0)
    friction_low: float = setting(0.6, "lowest factor of the friction", low=0.05)
    friction_high: float = setting(1.2, "highest factor of the friction", low=0.05)
    position_noise: float = setting(0.001, "standard deviation of the seen position in each step [m]", low=0.0)
    rotation_noise: float = setting(0.005, "the same of the rotation [rad]", low=0.0)
    position_bias: float = setting(0.002, "standard deviation of its error over a whole episode [m]", low=0.0)
    rotation_bias: float = setting(0.01, "the same of the rotation [rad]", low=0.0)
    delay: int = setting(1, "actions take effect up to this many steps late", low=0, high=4)

    def __post_init__(self) -> None:
        check_ranges(self)


NOTHING_RANDOM = Randomisation(0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0)


@dataclass(frozen=True)
class VariationConfig:
    """How much tasks differ from the demonstration's."""

    shift: float = setting(0.04, "the motion is shifted by up to this along each axis [m]", low=0.0, high=0.5)
    turn: float = setting(0.25, "and turned about the vertical by up to this [rad]", low=0.0, high=3.2)

    def __post_init__(self) -> None:
        check_ranges(self)
