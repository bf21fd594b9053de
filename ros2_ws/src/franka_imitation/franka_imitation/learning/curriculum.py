"""How episodes are made easier while a policy learns; it is judged without that."""

from __future__ import annotations

from dataclasses import dataclass

from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class Difficulty:
    """Of the episodes that begin from now on; the defaults are the task as it is."""

    tolerance: float = 1.0
    """Factor of the errors within which a goal is matched."""
    length: float = 1.0
    """Part of the goals after which an episode succeeds."""
    held_starts: float = 0.0
    """Part of the episodes that begin at a random goal, with the object in the hand."""


@dataclass(frozen=True)
class Curriculum:
    """From easy to the task as it is; off by default."""

    held_starts: float = setting(
        0.0, "part of the episodes that begin at a random time of the motion, object in hand", low=0.0, high=1.0
    )
    tolerance: float = setting(1.0, "a goal is matched within so many times the errors, at the start", low=1.0)
    length: float = setting(1.0, "part of the motion that is an episode, at the start", low=0.05, high=1.0)
    until: float = setting(0.6, "part of the training after which errors and length are the task's", low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check_ranges(self)

    def at(self, fraction: float) -> Difficulty:
        """The difficulty when this part of the training is done."""
        easy = max(1 - fraction / self.until, 0.0) if self.until else 0.0
        return Difficulty(1 + easy * (self.tolerance - 1), 1 - easy * (1 - self.length), self.held_starts)
