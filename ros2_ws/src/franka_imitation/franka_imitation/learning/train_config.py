"""Settings of a training, and what its stages share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from franka_imitation.config import ImitationConfig
from franka_imitation.learning.config import Randomisation, TaskConfig, VariationConfig
from franka_imitation.learning.curriculum import Curriculum
from franka_imitation.learning.dagger_config import DaggerConfig
from franka_imitation.learning.ppo_config import PpoConfig, refining
from franka_imitation.learning.simulator_config import SimulatorConfig
from rhov_core.config import check_ranges, setting

CHECKPOINTS, CURVES = "checkpoints", "curves"

Progress = Callable[[str, float, str], None]
"""Receives the stage ("planning", "training", if wanted "refining", "judging"), its done fraction, a few words."""


@dataclass(frozen=True)
class TrainConfig:
    """How a policy is trained and judged."""

    imitation: ImitationConfig = field(default_factory=ImitationConfig)
    task: TaskConfig = field(default_factory=TaskConfig)
    randomisation: Randomisation = field(default_factory=Randomisation)
    variation: VariationConfig = field(default_factory=VariationConfig)
    without: Literal["", "velocity", "matched", "rotation"] = setting("", "reward that is left out, as in Table 5")
    simulator: SimulatorConfig = field(default_factory=SimulatorConfig)
    learner: Literal["dagger", "ppo"] = setting("dagger", "from the expert, or from scratch as in the paper")
    dagger: DaggerConfig = field(default_factory=DaggerConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    refine: PpoConfig = field(default_factory=refining)
    """PPO after DAgger, by the reward; kept only if it does better on the tasks that were trained on."""
    curriculum: Curriculum = field(default_factory=Curriculum)
    tasks: int = setting(48, "variations of the demonstration to train on", low=1)
    held_out: int = setting(32, "other variations to judge by; 0: the demonstration itself, as in the paper", low=0)
    seed: int = setting(0, "of everything random; the same seed gives the same policy", low=0)
    threads: int = setting(1, "of the simulator; 0: as many as processors", low=0)

    def __post_init__(self) -> None:
        check_ranges(self)
