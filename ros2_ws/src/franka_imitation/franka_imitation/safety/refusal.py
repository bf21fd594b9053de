"""Why a motion is not sent to a robot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """One rule that a motion breaks, at the place where it breaks it most."""

    rule: str
    """Short name of the rule: names, shape, finite, time, position, velocity, acceleration, jerk, start, workspace,
    table, self_collision."""
    sentence: str
    """For a person: what, where, when, by how much."""
    joint: str | None = None
    """The joint (or body) that it is about, where there is one."""
    time: float | None = None
    """When it happens [s from the start of the motion]."""
    margin: float | None = None
    """How far inside the limit it is, in the limit's unit; negative, since it is outside."""

    def __str__(self) -> str:
        return self.sentence
