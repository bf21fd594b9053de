"""Which clips the benchmark is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rhov_core.cues import Side
from rhov_core.errors import InputError

ACTIONS = ("pick", "carry", "turn", "pour", "place", "inspect", "regrasp")
LOW, MIDDLE, HIGH = (0.0, 0.2), (0.2, 0.4), (0.4, 0.6)
"""Ranges of a clip's mean occlusion of the object."""


@dataclass(frozen=True)
class ClipSpec:
    """Everything that determines a rendered clip."""

    object: str
    """Name of one of `rhov_core.synth.OBJECTS`, or the path of a mesh [m]."""
    seed: int
    """Of motion, look and noise."""
    split: str = "dev"
    """Which part of the benchmark it belongs to."""
    action: str = "pick"
    """One of `ACTIONS`."""
    frames: int = 60
    """At 30 per second."""
    occlusion: tuple[float, float] = (0.0, 0.6)
    """Wanted range of the mean share of the object that is hidden, 0 to 1."""
    side: Side = "right"
    """Which hand."""
    image_size: tuple[int, int] = (640, 480)
    """Width, height [pixel]."""

    def __post_init__(self) -> None:
        todo = "correct the clip's description"
        if self.action not in ACTIONS:
            raise InputError(f"the action is '{self.action}'", ", ".join(ACTIONS), todo)
        if self.side not in ("right", "left"):
            raise InputError(f"the side of the hand is '{self.side}'", "right or left", todo)
        if self.frames < 2 or self.seed < 0 or min(self.image_size) < 32:
            raise InputError(
                f"a clip of {self.frames} frames of {self.image_size} pixels with seed {self.seed} was asked for",
                "at least 2 frames of 32 pixels and a seed from 0",
                todo,
            )
        low, high = self.occlusion
        if not 0 <= low < high <= 1:
            raise InputError(f"the occlusion is {self.occlusion}", "two numbers from 0 to 1, the smaller first", todo)

    @property
    def name(self) -> str:
        """A name for its folder."""
        return f"{self.split}_{self.seed:04d}_{Path(self.object).stem}_{self.action}"

    def to_dict(self) -> dict[str, Any]:
        """Its fields in types that JSON knows."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


_Row = tuple[str, str, tuple[float, float], Side, int]
# object, action, how much is hidden, hand, frames
_DEV: tuple[_Row, ...] = (
    ("carton", "pick", LOW, "right", 75),
    ("mug", "pour", MIDDLE, "right", 75),
    ("cracker_box", "turn", LOW, "right", 60),
    ("banana", "carry", MIDDLE, "left", 60),
    ("scissors", "inspect", MIDDLE, "right", 60),
    ("can", "regrasp", LOW, "right", 90),
    ("mustard", "place", HIGH, "right", 60),
    ("egg", "turn", HIGH, "right", 60),
    ("ring", "carry", LOW, "right", 60),
    ("driver", "inspect", HIGH, "left", 60),
    ("carton", "carry", HIGH, "right", 60),
    ("mug", "pick", LOW, "left", 75),
)
_TEST: tuple[_Row, ...] = (
    ("sugar_box", "pick", LOW, "right", 75),
    ("soup_can", "pour", MIDDLE, "right", 75),
    ("drill", "carry", LOW, "right", 60),
    ("bowl", "place", MIDDLE, "right", 60),
    ("meat_can", "turn", MIDDLE, "left", 60),
    ("hammer", "inspect", LOW, "right", 60),
    ("block", "regrasp", MIDDLE, "right", 90),
    ("case", "turn", LOW, "right", 60),
    ("marker", "carry", MIDDLE, "right", 60),
    ("clamp", "pick", HIGH, "right", 75),
    ("bracket", "inspect", MIDDLE, "left", 60),
    ("sugar_box", "carry", HIGH, "left", 60),
    ("drill", "place", HIGH, "right", 60),
    ("soup_can", "turn", HIGH, "right", 60),
)
_QUICK: tuple[_Row, ...] = (
    ("carton", "pick", LOW, "right", 45),
    ("mug", "turn", LOW, "right", 36),
    ("cracker_box", "carry", MIDDLE, "right", 36),
    ("can", "pour", MIDDLE, "left", 45),
    ("banana", "inspect", LOW, "right", 36),
    ("mustard", "place", HIGH, "right", 40),
)
_FIRST_SEED = {"dev": 100, "test": 500, "quick": 200}


def suite(split: str, quick: bool = False) -> tuple[ClipSpec, ...]:
    """The clips of the benchmark.

    Args:
        split: "dev", to look at while something is being developed, or "test", for the numbers that are published:
            other objects and other seeds.
        quick: Only six short clips; always of the split "dev", whatever `split` says.

    Raises:
        InputError: If there is no such split.
    """
    if split not in ("dev", "test"):
        raise InputError(f"the split is '{split}'", "dev or test", "correct it")
    rows = _QUICK if quick else {"dev": _DEV, "test": _TEST}[split]
    first = _FIRST_SEED["quick" if quick else split]
    return tuple(
        ClipSpec(name, first + i, "dev" if quick else split, action, frames, hidden, side)
        for i, (name, action, hidden, side, frames) in enumerate(rows)
    )
