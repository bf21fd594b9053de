"""What an object's surface looks like, as a hint for whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["printed", "label", "wood", "metal", "plain"]
Colour = tuple[float, float, float]
"""Linear red, green, blue from 0 to 1."""


@dataclass(frozen=True)
class Material:
    """Kind of texture and base colours of an object."""

    kind: Kind
    """printed: pictures and text all over; label: a printed band; wood: grain; metal, plain: no texture to track."""
    colours: tuple[Colour, ...]
    """The main colour first; further ones of prints, labels, grain or other parts."""
    gloss: float = 0.3
    """Strength of reflections: 0 dull, 1 like polished metal."""

    @property
    def breaks_symmetry(self) -> bool:
        """Whether the texture tells apart the poses that the shape's symmetries make look alike."""
        return self.kind in ("printed", "label", "wood")
