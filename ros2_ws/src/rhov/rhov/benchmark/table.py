"""A table for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rhov.benchmark.statistics import Estimate

Cell = str | float | int | Estimate | None


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head."""

    name: str
    """For JSON."""
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = field(default_factory=tuple)

    def markdown(self) -> str:
        """Title, table and notes."""
        lines = [f"### {self.title}", "", _row(self.head), "|" + "---|" * len(self.head)]
        lines += [_row([shown(cell) for cell in row]) for row in self.rows]
        return "\n".join([*lines, *(["", *self.notes] if self.notes else [])])

    def as_dict(self) -> dict[str, Any]:
        """For JSON; an estimate is an object with mean, low, high and clips."""
        rows = [
            {
                name: cell.as_dict() if isinstance(cell, Estimate) else cell
                for name, cell in zip(self.head, row, strict=True)
            }
            for row in self.rows
        ]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


def shown(cell: Cell) -> str:
    """A cell as people read it; an estimate as "mean [low, high]"."""
    if isinstance(cell, Estimate):
        if not cell.clips:
            return "-"
        return f"{_number(cell.mean)} [{_number(cell.low)}, {_number(cell.high)}]"
    if isinstance(cell, float):
        return _number(cell)
    return "" if cell is None else str(cell)


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{value:.{digits}f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
