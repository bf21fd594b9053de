"""What an interrupted reconstruction leaves, so that the same command goes on where it was."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rhov.benchmark.code_version import digest, library_versions, sources_digest
from rhov.clip_tracker import ClipTracker
from rhov.request import ReconstructRequest
from rhov.snapshot import from_bytes, to_bytes
from rhov_core.errors import InputError
from rhov_core.files import atomic_path
from rhov_core.mesh.color_file import read_colors
from rhov_core.mesh.sidecar import Sidecar

FOLDER = "partial"
SECONDS_BETWEEN = 3.0
"""Time between two snapshots [s] ..."""
SHARE = 0.02
"""... which is longer if writing them would take more than this part of the run."""
_CODE = ("rhov_core", "rhov_perception", "rhov_optimizer", "rhov.clip_tracker", "rhov.tracked_clip", "rhov.snapshot")
_NO_PART_OF_TRACKING = ("rhov_core.synth", "rhov_core.datasets", "rhov_core.metrics", "rhov_optimizer.joint")


class InterruptedRun:
    """The snapshots of one run, in the folder `partial` of its results.

    A snapshot holds all state of tracking and is valid for the same request, the same files and the same code.

    Args:
        request: What was asked for.
    """

    def __init__(self, request: ReconstructRequest) -> None:
        self._folder, self._key = request.out / FOLDER, _key(request)
        self._due = time.monotonic() + SECONDS_BETWEEN
        self.frames_kept = 0
        """Of the newest snapshot."""
        self.frames_taken_over = 0
        """By `resume`."""
        self.remark = ""
        """What became of an earlier run, for the user; empty if there was none."""

    def resume(self, tracker: ClipTracker) -> ClipTracker:
        """The tracker as the newest snapshot has it; the given one if there is none of the same run."""
        if not self._file.is_file():
            return tracker
        try:
            key, data = self._file.read_bytes().split(b"\n", maxsplit=1)
            kept = from_bytes(data, tracker.parts_of_input()) if key.decode() == self._key else None
        except Exception as error:  # damaged data can raise nearly anything
            self.remark = f"what an interrupted run left cannot be read ({error}): beginning anew"
            return tracker
        if not isinstance(kept, ClipTracker):
            self.remark = "the run that was interrupted had other input or other code: beginning anew"
            return tracker
        tracker.close()
        self.frames_kept = self.frames_taken_over = len(kept.clip.estimates)
        self.remark = f"{self.frames_kept} tracked frames are taken over from a run that was interrupted"
        return kept

    def keep(self, tracker: ClipTracker, *, now: bool = False) -> None:
        """Writes a snapshot if it is time to, or `now`."""
        begin = time.monotonic()
        if begin < self._due and not now:
            return
        with atomic_path(self._file) as path:
            path.write_bytes(self._key.encode() + b"\n" + to_bytes(tracker, tracker.parts_of_input()))
        self.frames_kept = len(tracker.clip.estimates)
        end = time.monotonic()
        self._due = end + max(SECONDS_BETWEEN, (end - begin) / SHARE)

    def forget(self) -> None:
        """Removes the snapshots: the results are there, or the run shall begin anew."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _file(self) -> Path:
        return self._folder / "tracking.snapshot"


def _key(request: ReconstructRequest) -> str:
    """Names everything that tracking depends on."""
    asked = {name: value for name, value in asdict(request).items() if name != "out"}
    files = {str(path): _fingerprint(path) for path in _files(request)}
    return digest(
        [asked, files, _colors(request.mesh), sources_digest(_CODE, _NO_PART_OF_TRACKING), library_versions()]
    )


def _files(request: ReconstructRequest) -> Iterator[Path]:
    """Every file that the request names."""
    yield from (request.video, request.mesh, request.mesh.with_suffix(".yaml"))
    yield from (path for path in (request.camera_file, request.pose_file) if path is not None)
    if request.cues is not None:
        yield from sorted(path for path in request.cues.rglob("*") if path.is_file())


def _colors(mesh: Path) -> Any:
    """Names the colours of a mesh, from whichever files they come; None if there are none that can be read."""
    try:
        found = read_colors(mesh.with_name(Sidecar.beside(mesh).colors or mesh.name))
    except InputError:
        return None
    return None if found is None else hashlib.sha256(found.points.tobytes() + found.colors.tobytes()).hexdigest()


def _fingerprint(path: Path) -> Any:
    """Names the content of a file; None if it does not exist, which is for others to complain about."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
