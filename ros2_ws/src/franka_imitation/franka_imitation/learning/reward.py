"""The two-phase reward of the paper, section 4.2, eq. 7 to 14; every term has a name and a weight.

Our reading where the paper leaves it open: the distances of eq. 10 count negatively (their weights are negative), an
object is above the table when its origin is `lifted_height` higher than at its start, the action penalty is the mean
squared action. The paper gives no weights; these are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from rhov_core.config import setting
from rhov_core.errors import InputError

ABLATIONS = ("velocity", "matched", "rotation")
"""What Table 5 leaves out in turn."""


@dataclass(frozen=True)
class InitialWeights:
    """Weights of eq. 8: take the object and bring it to the first goal."""

    left_finger: float = setting(0.02, "closeness of the left finger to the object, eq. 9 [m]")
    right_finger: float = setting(0.02, "closeness of the right finger to the object, eq. 9 [m]")
    lifted: float = setting(2.0, "the object is above the table")
    position: float = setting(-2.0, "distance to the first goal while lifted, eq. 10 [1/m]")
    rotation: float = setting(-0.3, "angle to the first goal while lifted, eq. 10 [1/rad]")
    position_bonus: float = setting(1.0, "the position matches")
    rotation_bonus: float = setting(1.0, "the rotation matches")
    action: float = setting(-0.02, "mean squared action")


@dataclass(frozen=True)
class ImitationWeights:
    """Weights of eq. 11: match one goal after the other."""

    position: float = setting(1.0, "closeness in position, eq. 12")
    linear_velocity: float = setting(0.5, "closeness in velocity, eq. 14")
    rotation: float = setting(1.0, "closeness in rotation, eq. 13")
    angular_velocity: float = setting(0.5, "closeness in angular velocity, eq. 14")
    position_bonus: float = setting(0.5, "the position matches")
    linear_velocity_bonus: float = setting(0.25, "the velocity matches")
    rotation_bonus: float = setting(0.5, "the rotation matches")
    angular_velocity_bonus: float = setting(0.25, "the angular velocity matches")
    matched_fraction: float = setting(4.0, "fraction of the goals that were matched")
    matched_bonus: float = setting(2.0, "a goal was matched in this step")


@dataclass(frozen=True)
class RewardConfig:
    """Weights, slopes and thresholds."""

    initial: InitialWeights = InitialWeights()
    imitation: ImitationWeights = ImitationWeights()
    initial_scale: float = setting(0.1, "w1 of eq. 7")
    imitation_scale: float = setting(0.2, "w2 of eq. 7")
    position_slope: float = setting(400.0, "k of eq. 12 [1/m^2]")
    rotation_slope: float = setting(6.0, "k of eq. 13 [1/rad^2]")
    linear_velocity_slope: float = setting(20.0, "k of eq. 14 [s^2/m^2]")
    angular_velocity_slope: float = setting(0.5, "k of eq. 14 [s^2/rad^2]")
    linear_velocity_threshold: float = setting(0.1, "a velocity matches within this [m/s]")
    angular_velocity_threshold: float = setting(0.5, "an angular velocity matches within this [rad/s]")
    lifted_height: float = setting(0.02, "above the table from this height over the start [m]")

    def without(self, what: str) -> RewardConfig:
        """An ablation of Table 5.

        Args:
            what: "velocity", "matched" or "rotation".

        Raises:
            InputError: If there is no such ablation.
        """
        if what not in ABLATIONS:
            raise InputError(f"the ablation is '{what}'", ", ".join(ABLATIONS), "correct the name")
        named = [field.name for field in fields(ImitationWeights) if what in field.name]
        initial = replace(self.initial, rotation=0.0, rotation_bonus=0.0) if what == "rotation" else self.initial
        return replace(self, initial=initial, imitation=replace(self.imitation, **dict.fromkeys(named, 0.0)))


@dataclass(frozen=True)
class RewardState:
    """What the reward depends on, for N environments."""

    started: Tensor
    """(N,) the phase sigma: whether the first goal had been matched before this step."""
    fingers: Tensor
    """(N, 2, 3) left and right finger tip [m]."""
    object_position: Tensor
    """(N, 3) [m]"""
    height: Tensor
    """(N,) of the object over its start [m]."""
    error: Tensor
    """(N, 6) from the object to the current goal [m], [rad]."""
    velocity_error: Tensor
    """(N, 6) velocity of the goal minus that of the object [m/s], [rad/s]."""
    position_matched: Tensor
    """(N,)"""
    rotation_matched: Tensor
    """(N,)"""
    matched_fraction: Tensor
    """(N,) of the goals so far, with this step."""
    just_matched: Tensor
    """(N,) whether a goal was matched in this step."""
    action: Tensor
    """(N, 8)"""


def reward_terms(state: RewardState, config: RewardConfig) -> dict[str, Tensor]:
    """Weighted terms (N,), named `initial/...` and `imitation/...`; their sum is the reward of eq. 7."""
    lifted = (state.height > config.lifted_height).double()
    distance, angle = state.error[:, :3].norm(dim=-1), state.error[:, 3:].norm(dim=-1)
    speed, spin = state.velocity_error[:, :3].norm(dim=-1), state.velocity_error[:, 3:].norm(dim=-1)
    finger = 1 / (0.04 + (state.fingers - state.object_position[:, None]).norm(dim=-1))
    position, rotation = state.position_matched.double(), state.rotation_matched.double()
    initial = {
        "left_finger": finger[:, 0],
        "right_finger": finger[:, 1],
        "lifted": lifted,
        "position": lifted * distance,
        "rotation": lifted * angle,
        "position_bonus": lifted * position,
        "rotation_bonus": lifted * rotation,
        "action": state.action.square().mean(-1),
    }
    imitation = {
        "position": torch.exp(-config.position_slope * distance**2),
        "linear_velocity": torch.exp(-config.linear_velocity_slope * speed**2),
        "rotation": torch.exp(-config.rotation_slope * angle**2),
        "angular_velocity": torch.exp(-config.angular_velocity_slope * spin**2),
        "position_bonus": position,
        "linear_velocity_bonus": (speed < config.linear_velocity_threshold).double(),
        "rotation_bonus": rotation,
        "angular_velocity_bonus": (spin < config.angular_velocity_threshold).double(),
        "matched_fraction": state.matched_fraction,
        "matched_bonus": state.just_matched.double(),
    }
    sigma = state.started.double()
    first = config.initial_scale * (1 - sigma)
    second = config.imitation_scale * sigma
    terms = {f"initial/{name}": first * getattr(config.initial, name) * value for name, value in initial.items()}
    for name, value in imitation.items():
        terms[f"imitation/{name}"] = second * getattr(config.imitation, name) * value
    return terms
