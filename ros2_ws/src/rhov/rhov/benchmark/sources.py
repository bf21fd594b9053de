"""Where the clips of a benchmark come from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rhov.benchmark.clip_folder import ABOUT, ClipFolder
from rhov.benchmark.code_version import digest, sources_digest
from rhov.benchmark.dataset_clip import write_dataset_clip
from rhov.evaluation_input import DatasetClip
from rhov_core.datasets import dataset
from rhov_core.errors import InputError
from rhov_core.files import read_json, write_json
from rhov_core.synth import ClipSpec, suite, synthesize

KEY = "benchmark.json"
Progress = Callable[[float], None]


class ClipSource(Protocol):
    """A clip that can be made."""

    @property
    def name(self) -> str:
        """As it is shown; unique in a suite."""
        ...

    @property
    def key(self) -> str:
        """Names everything that the clip's content depends on."""
        ...

    def make(self, cache: Path, progress: Progress) -> ClipFolder:
        """Makes the clip inside a folder, unless it is there already."""
        ...


@dataclass(frozen=True)
class RenderedSource:
    """A rendered clip."""

    spec: ClipSpec

    @property
    def name(self) -> str:
        """Of split, seed, object and action."""
        return self.spec.name

    @property
    def key(self) -> str:
        """Of its specification and the renderer's code."""
        return digest([self.spec, sources_digest(("rhov_core.synth", "rhov_core.hand", "rhov_core.render"))])

    def make(self, cache: Path, progress: Progress) -> ClipFolder:
        """Renders it."""
        return _made(self, cache, lambda folder: synthesize(self.spec, folder, progress=progress))


@dataclass(frozen=True)
class DatasetSource:
    """A clip of a data set that the user downloaded."""

    named: DatasetClip
    mano: Path | None = None

    @property
    def name(self) -> str:
        """Of the data set and the clip."""
        return f"{self.named.dataset}/{self.named.clip}"

    @property
    def key(self) -> str:
        """Of its name and place."""
        return digest([*map(str, self.named), str(self.mano), sources_digest(("rhov_core.datasets",))])

    def make(self, cache: Path, progress: Progress) -> ClipFolder:
        """Turns it into a video."""
        return _made(self, cache, lambda folder: write_dataset_clip(self.named, folder, self.mano, progress))


@dataclass(frozen=True)
class FolderSource:
    """A clip with truth that is there already."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.resolve().name

    @property
    def key(self) -> str:
        """Of the files' names, sizes and times."""
        files = [p for p in sorted(self.folder.rglob("*")) if p.is_file() and "oracle" not in p.parts]
        return digest([[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in files])

    def make(self, cache: Path, progress: Progress) -> ClipFolder:
        """Takes it as it is."""
        return ClipFolder.load(self.folder)


def rendered_sources(split: str, quick: bool) -> list[ClipSource]:
    """The rendered clips of a split; `quick` gives the few short ones of the development split."""
    return [RenderedSource(spec) for spec in suite(split, quick=quick)]


def dataset_sources(name: str, root: Path, split: str | None, mano: Path | None) -> list[ClipSource]:
    """All clips of a data set's split that were downloaded."""
    return [DatasetSource(DatasetClip(name, root, clip), mano) for clip in dataset(name).clip_names(root, split)]


def require_unique(sources: Sequence[ClipSource]) -> None:
    """Refuses two clips of one name.

    Raises:
        InputError: Naming one that appears twice.
    """
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"there are {names.count(name)} clips '{name}'", "clips of different names", "rename one")


def folder_name(source: ClipSource) -> str:
    """A name for the folders of a clip: readable, and different for clips that differ in anything."""
    readable = "".join(c if c.isalnum() or c in "._-" else "_" for c in source.name)
    return f"{readable}-{digest([source.name, _identity(source)])[:6]}"


def _identity(source: ClipSource) -> Any:
    """What a clip is, whatever the version of the code: so that a new version replaces the old one's folders."""
    if isinstance(source, RenderedSource):
        return source.spec
    return [str(part) for part in source.named] if isinstance(source, DatasetSource) else None


def _made(source: ClipSource, cache: Path, write: Callable[[Path], Any]) -> ClipFolder:
    folder = cache / folder_name(source)
    if (folder / KEY).is_file() and (folder / ABOUT).is_file() and read_json(folder / KEY) == source.key:
        return ClipFolder.load(folder)
    shutil.rmtree(folder, ignore_errors=True)
    write(folder)
    write_json(folder / KEY, source.key)
    return ClipFolder.load(folder)
