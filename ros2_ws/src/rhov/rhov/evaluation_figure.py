"""One number of an evaluation, and the table of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_SHOWN = {"m": (1000.0, "mm"), "rad": (180 / math.pi, "deg"), "m^3": (1e6, "cm^3")}
"""Units that people read, in the place of those that the numbers have."""


@dataclass(frozen=True)
class Figure:
    """A number with what one has to know to read it."""

    group: str
    """"object", "hand" or "contact"."""
    name: str
    value: float
    """NaN where it cannot be computed."""
    unit: str
    alignment: str
    """What was brought together before measuring; "none" for nothing."""
    frames: int
    """Frames that the number was computed from."""
    of: int
    """Frames that the truth has."""
    failures: str = ""
    """What the number says about lost frames: "left out", or "count as wrong"."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON, in the unit of `unit`."""
        return asdict(self)

    def row(self) -> str:
        """A row of the Markdown table."""
        factor, unit = _SHOWN.get(self.unit, (1.0, self.unit))
        value = "-" if math.isnan(self.value) else f"{self.value * factor:.4g}"
        cells = [self.group, self.name, value, unit, self.alignment, f"{self.frames}/{self.of}", self.failures]
        return "| " + " | ".join(cells) + " |"


def markdown(figures: Sequence[Figure]) -> str:
    """The table."""
    head = "| of | figure | value | unit | alignment | frames | lost frames |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(figure.row() for figure in figures)])
