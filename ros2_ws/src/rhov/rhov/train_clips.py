"""`rhov train-clips`: a policy for each of many reconstructions, several at a time, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from franka_imitation.learning.train import REPORT
from rhov_core.errors import InputError, RhovError
from rhov_core.files import output_directory, read_json, write_json

LOG = "train.log"
_KEYS = {"trajectory", "mesh", "name", "placement"}
_ACCEPTED = "a YAML list of entries with trajectory and mesh, and if wanted name and placement"
_PATIENCE = 20.0
"""For processes to end after an interrupt [s]."""


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


def train_clips(clips: Sequence[Clip], out: Path, options: Sequence[str], jobs: int) -> Iterator[str]:
    """Trains all, yields a sentence for each when it is finished, and writes report.json with the figures of all.

    A clip that fails stops no other. Run it again to go on after a stop: what is finished is not repeated.

    Args:
        clips: What to train.
        out: Receives a folder for each clip.
        options: Of `rhov train`, for all of them.
        jobs: How many at a time; 0: as many as processors.

    Raises:
        ClipsFailed: At the end, if some failed.
    """
    output_directory(out)
    running = _Running()
    results: dict[str, dict[str, Any]] = {}
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        futures = {pool.submit(running.train, clip, out / clip.name, options): clip for clip in clips}
        try:
            for future in as_completed(futures):
                clip, result = futures[future], future.result()
                results[clip.name] = result
                ordered = {c.name: results[c.name] for c in clips if c.name in results}
                write_json(out / REPORT, {"clips": ordered, "waiting": len(clips) - len(results)})
                yield f"{clip.name}: {result['said']}"
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            running.stop()
    failed = [name for name, result in results.items() if not result["trained"]]
    if failed:
        raise ClipsFailed(
            f"{len(failed)} of {len(clips)} clips were not trained ({', '.join(sorted(failed))}): their {LOG} says why."
        )


class _Running:
    """The processes that are running."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def train(self, clip: Clip, folder: Path, options: Sequence[str]) -> dict[str, Any]:
        """Trains a clip and waits for it."""
        output_directory(folder)
        command = [sys.executable, "-m", "rhov", "train", str(clip.trajectory), "--mesh", str(clip.mesh)]
        command += ["--out", str(folder), "--threads", "1"]
        command += ["--placement", str(clip.placement)] if clip.placement else []
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with open(folder / LOG, "wb") as log:
            with self._lock:
                if self._stopped:
                    return {"trained": False, "said": "not begun"}
                process = subprocess.Popen(
                    [*command, *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                )
                self._processes.add(process)
            status = process.wait()
        with self._lock:
            self._processes.discard(process)
        lines = (folder / LOG).read_text(errors="replace").strip().splitlines() or [f"ended with status {status}"]
        result: dict[str, Any] = {"trained": status == 0, "said": lines[-1], "folder": folder.name}
        if status == 0:
            report = read_json(folder / REPORT)
            result.update({key: report[key] for key in ("held_out", "held_out_randomised", "control_steps")})
        return result

    def stop(self) -> None:
        """Ends what still runs; each training goes on from its last round when it is begun again."""
        with self._lock:
            self._stopped = True
            running = list(self._processes)
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
