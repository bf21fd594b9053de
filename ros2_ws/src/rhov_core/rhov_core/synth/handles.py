"""Where an object is meant to be held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vector = tuple[float, float, float]
Grip = Literal["power", "pinch"]
"""power: the palm lies against the object and all fingers close around it; pinch: the fingertips hold it."""


@dataclass(frozen=True)
class Handle:
    """A part of an object that a hand can close around, as a line in the object's frame."""

    start: Vector
    """Where the little finger's side of the hand lies [m]."""
    end: Vector
    """Where the thumb's side of the hand lies [m]."""
    approach: Vector | None = None
    """From the palm to the object, about; None: from anywhere around the line."""
    grip: Grip | None = None
    """None: either."""
    both_ways: bool = False
    """Whether the thumb may lie at the start, too."""
