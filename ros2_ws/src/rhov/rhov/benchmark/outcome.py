"""What the benchmark keeps of one clip, one kind of cues and one variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.files import atomic_path, read_json, write_json

RESULT, SERIES = "result.json", "series.npz"


@dataclass(frozen=True)
class Outcome:
    """Figures and errors of one reconstruction."""

    clip: str
    cues: str
    """A key of `rhov.benchmark.clip_folder.CUES`."""
    variant: str
    figures: Mapping[str, float]
    """By "group: name", such as "object: chamfer, translation aligned"; NaN where there is none [m, rad]."""
    seconds: Mapping[str, float]
    """CPU seconds of `track` (perception and tracking), `optimise` and `measure`; wall seconds of parts of `optimise`,
    and `wall` of perception, tracking and optimisation together, with whatever else the machine does."""
    frames: int
    """Of the truth, from the first one that is used."""
    series: Mapping[str, FloatArray] = field(default_factory=dict)
    """See `rhov.evaluation_series`."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What is known about the clip: object, action, occlusion."""
    failed: str = ""
    """Why there is no result: then every frame is lost."""

    def figure(self, name: str) -> float:
        """A figure, NaN if there is none."""
        return float(self.figures.get(name, float("nan")))

    def save(self, folder: Path, key: str) -> None:
        """Writes series.npz and, at last, result.json."""
        with atomic_path(folder / SERIES) as partial, open(partial, "wb") as file:
            np.savez_compressed(file, **{name: np.asarray(value) for name, value in self.series.items()})
        content = {name: getattr(self, name) for name in ("clip", "cues", "variant", "frames", "failed", "about")}
        write_json(folder / RESULT, {"key": key, **content, "figures": self.figures, "seconds": self.seconds})

    @classmethod
    def load(cls, folder: Path) -> Outcome:
        """Reads what `save` wrote.

        Raises:
            InputError: If it is not there.
        """
        content = read_json(folder / RESULT)
        content.pop("key")
        figures = {name: float("nan") if v is None else float(v) for name, v in content.pop("figures").items()}
        with np.load(folder / SERIES, allow_pickle=False) as series:
            return cls(figures=figures, series={name: series[name] for name in series.files}, **content)


def is_done(folder: Path, key: str) -> bool:
    """Whether a folder holds the outcome of a key."""
    path = folder / RESULT
    return path.is_file() and read_json(path).get("key") == key
