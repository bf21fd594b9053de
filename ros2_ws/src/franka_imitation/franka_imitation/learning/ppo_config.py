"""Settings of PPO."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class PpoConfig:
    """How long and how PPO learns; names as in rl-games. The defaults are for learning from scratch."""

    steps: int = setting(2_000_000, "control steps over all workplaces; 0: none", low=0)
    environments: int = setting(256, "simulated workplaces", low=1)
    horizon: int = setting(32, "control steps of each workplace between two updates", low=2)
    mini_epochs: int = setting(4, "times that each step is learned from", low=1)
    minibatches: int = setting(4, "parts in which the steps of an update are learned from", low=1)
    gamma: float = setting(0.99, "discount of a step", low=0.0, high=1.0)
    tau: float = setting(0.95, "lambda of the generalised advantage estimate", low=0.0, high=1.0)
    learning_rate: float = setting(5e-4, "at the start; adapted to the divergence below", low=0.0)
    kl_threshold: float = setting(0.012, "wanted divergence of an update; 0: the learning rate stays", low=0.0)
    clip: float = setting(0.2, "largest change of a probability ratio", low=0.0)
    log_deviation: float = setting(-1.0, "logarithm of the actions' standard deviation at the start")
    warm_up: int = setting(0, "updates at the start in which only the critic learns", low=0)
    anchor: float = setting(0.0, "weight of the divergence from the policy at the start", low=0.0)

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def epochs(self) -> int:
        """Updates."""
        return max(self.steps // (self.environments * self.horizon), 1) if self.steps else 0


_REFINING = PpoConfig(
    steps=0,
    environments=64,
    learning_rate=1e-4,
    kl_threshold=0.0,
    clip=0.1,
    log_deviation=-3.0,
    warm_up=15,
    anchor=0.5,
)


def refining(steps: int = 0) -> PpoConfig:
    """How a policy that can already do most is improved: small steps from it, once the critic knows its value."""
    return replace(_REFINING, steps=steps)
