"""Data sets that the user downloaded, as clips with truth; see docs/datasets.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from rhov_core.datasets import arctic, bop, dexycb, ho3d, hot3d, mow
from rhov_core.datasets.clip import Clip, HandTruth
from rhov_core.errors import InputError


class _LoadClip(Protocol):
    def __call__(self, root: str | Path, name: str, mano: str | Path | None = None) -> Clip: ...


class Dataset(NamedTuple):
    """How to read one data set."""

    clip_names: Callable[..., list[str]]
    """(root, split=None) -> names of clips."""
    load_clip: _LoadClip
    """(root, name, mano=None) -> Clip."""


DATASETS: Final = {
    "ho3d": Dataset(ho3d.clip_names, ho3d.load_clip),
    "dexycb": Dataset(dexycb.clip_names, dexycb.load_clip),
    "mow": Dataset(mow.clip_names, mow.load_clip),
    "arctic": Dataset(arctic.clip_names, arctic.load_clip),
    "bop": Dataset(bop.clip_names, bop.load_clip),
    "hot3d": Dataset(hot3d.clip_names, hot3d.load_clip),
}
"""All data sets by the name that the command line uses."""


def dataset(name: str) -> Dataset:
    """The data set of a name.

    Raises:
        InputError: If there is no such data set.
    """
    if name not in DATASETS:
        raise InputError(f"the data set is '{name}'", "one of " + ", ".join(DATASETS), "choose one of these")
    return DATASETS[name]


__all__ = ["DATASETS", "Clip", "Dataset", "HandTruth", "dataset"]
