"""Settings of DAgger."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class DaggerConfig:
    """How long to learn from the expert."""

    rounds: int = setting(8, "rounds of acting and learning", low=1)
    environments: int = setting(64, "simulated workplaces", low=1)
    steps: int = setting(450, "control steps of each workplace in a round", low=1)
    updates: int = setting(350, "steps of the optimiser in a round; three times as many in the last", low=1)
    batch: int = setting(2048, "observations in a step of the optimiser, if there are as many", low=1)
    learning_rate: float = setting(1e-3, "of Adam; a third of it in the last rounds", low=0.0)

    def __post_init__(self) -> None:
        check_ranges(self)
