"""`rhov train-clips`: a policy for each of many reconstructions, several at a time, here or on a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from franka_imitation.learning.train import REPORT
from rhov.ray_pool import RayPool
from rhov.training_process import LOG, TrainingProcesses
from rhov_core.errors import InputError, RhovError
from rhov_core.files import output_directory, write_json

_KEYS = {"trajectory", "mesh", "name", "placement"}
_ACCEPTED = "a YAML list of entries with trajectory and mesh, and if wanted name and placement"


class ClipsFailed(RhovError):  # noqa: N818
    """Some clips could not be trained."""


@dataclass(frozen=True)
class Clip:
    """One reconstruction to learn from."""

    name: str
    """Of its folder of results."""
    trajectory: Path
    mesh: Path
    placement: Path | None = None


def read_clips(path: Path) -> list[Clip]:
    """Reads a list; relative paths in it start at the list's folder.

    Raises:
        InputError: If the list cannot be read, is empty, or names files that are missing or one name twice.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"the list '{path}' cannot be read", _ACCEPTED, "correct the file") from error
    if not isinstance(entries, list) or not entries:
        raise InputError(f"the list '{path}' has no entries", _ACCEPTED, "correct the file")
    clips = [_clip(path, i, entry) for i, entry in enumerate(entries, 1)]
    names = [clip.name for clip in clips]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"the list '{path}' names {', '.join(twice)} twice", "different names", "give each a name")
    return clips


def _clip(path: Path, number: int, entry: Any) -> Clip:
    if not isinstance(entry, dict) or not {"trajectory", "mesh"} <= entry.keys() or not entry.keys() <= _KEYS:
        raise InputError(f"entry {number} of '{path}' is {entry!r}", _ACCEPTED, "correct the entry")
    files = {key: path.parent / str(entry[key]) for key in ("trajectory", "mesh", "placement") if entry.get(key)}
    missing = [str(file) for file in files.values() if not file.exists()]
    if missing:
        raise InputError(f"entry {number} of '{path}' names {missing[0]}, which is missing", _ACCEPTED, "correct it")
    trajectory = files["trajectory"]
    name = str(entry.get("name") or (trajectory if trajectory.is_dir() else trajectory.parent).resolve().name)
    if Path(name).name != name:
        raise InputError(f"entry {number} of '{path}' is named '{name}'", "a name without slashes", "correct it")
    return Clip(name, trajectory, files["mesh"], files.get("placement"))


def train_clips(clips: Sequence[Clip], out: Path, options: Sequence[str], jobs: int, ray: str = "") -> Iterator[str]:
    """Trains all, yields a sentence for each when it is finished, and writes report.json with the figures of all.

    A clip that fails stops no other. Run it again to go on after a stop: what is finished is not repeated.

    Args:
        clips: What to train.
        out: Receives a folder for each clip.
        options: Of `rhov train`, for all of them.
        jobs: How many at a time; 0: as many as processors.
        ray: Address of a Ray cluster, see `RayPool`; empty: processes on this machine.

    Raises:
        ClipsFailed: At the end, if some failed.
        MissingDependencyError: If Ray is wanted and not there.
        InputError: If there is no such cluster.
    """
    output_directory(out)
    count = jobs or os.cpu_count() or 1
    pool: _Pool = RayPool(ray, count) if ray else _Processes(count)
    results: dict[str, dict[str, Any]] = {}
    try:
        futures = {pool.submit(command_of(clip, options), out / clip.name): clip for clip in clips}
        for future in as_completed(futures):
            clip, error = futures[future], future.exception()
            result = future.result() if error is None else {"trained": False, "said": _first_line(error)}
            results[clip.name] = result
            ordered = {c.name: results[c.name] for c in clips if c.name in results}
            write_json(out / REPORT, {"clips": ordered, "waiting": len(clips) - len(results)})
            yield f"{clip.name}: {result['said']}"
    finally:
        pool.stop()
    failed = [name for name, result in results.items() if not result["trained"]]
    if failed:
        raise ClipsFailed(
            f"{len(failed)} of {len(clips)} clips were not trained ({', '.join(sorted(failed))}): their {LOG} says why."
        )


def command_of(clip: Clip, options: Sequence[str]) -> list[str]:
    """Arguments of `rhov train`; paths hold on other machines with the same files."""
    command = [str(clip.trajectory.resolve()), "--mesh", str(clip.mesh.resolve()), "--threads", "1"]
    command += ["--placement", str(clip.placement.resolve())] if clip.placement else []
    return [*command, *options]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _Pool(Protocol):
    """Where trainings run."""

    def submit(self, command: Sequence[str], folder: Path) -> Future[dict[str, Any]]:
        """Trains as soon as there is room; see `TrainingProcesses.train`."""

    def stop(self) -> None:
        """Ends what still runs."""


class _Processes:
    """On this machine, so many at a time."""

    def __init__(self, count: int) -> None:
        self._threads, self._processes = ThreadPoolExecutor(count), TrainingProcesses()

    def submit(self, command: Sequence[str], folder: Path) -> Future[dict[str, Any]]:
        """See `_Pool`."""
        return self._threads.submit(self._processes.train, command, folder)

    def stop(self) -> None:
        """See `_Pool`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._processes.stop()
