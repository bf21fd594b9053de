"""What is measured apart from a suite, with nothing of it running: time, memory, the tracker's share, the real clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.single_run import SingleRun, run_alone
from rhov.benchmark.tracking_time import track_timed
from rhov.benchmark.workers import LOG, pool
from rhov.demo_clip import demo_request
from rhov.request import ReconstructRequest
from rhov.stages import StageProgress
from rhov_core.camera import Camera
from rhov_core.errors import MissingDependencyError
from rhov_core.files import output_directory
from rhov_core.object_model import ObjectModel

FRAMES, SIZE = 60, (640, 480)
"""Number of frames whose reconstruction is timed, and their width and height [pixel]."""
TRACKED = 120
"""Frames of the real clip whose tracking is timed."""
FOLDER = "alone"
_COMPILED = 3
"""Frames that are tracked before, as code is compiled on first use."""


@dataclass(frozen=True)
class Alone:
    """Measurements; None where one could not be made."""

    timed: SingleRun | None
    """`FRAMES` frames of a rendered clip."""
    real: SingleRun | None
    """The whole real clip."""
    tracker_ms: tuple[float, float] | None
    """CPU milliseconds a frame of the tracker on the real clip: with contour, flow and features; with the contour."""
    notes: tuple[str, ...]
    """What was measured on what, and what is missing."""

    def real_figures(self) -> tuple[float | None, float | None, float | None]:
        """Frames lost, median IoU and rotation jitter [deg] of the real clip."""
        if self.real is None:
            return None, None, None
        of_object = self.real.report["object"]
        lost = self.real.report["frames_lost"]
        return lost, of_object["mask_iou"]["end"], of_object["rotation_jitter_deg"]["end"]


def measure_alone(clips: Sequence[ClipFolder], out: Path, progress: StageProgress) -> Alone:
    """Measures in folders below `out`; what the same code has measured already is not measured again.

    Args:
        clips: Rendered clips; the first one that is long and large enough is timed.
        out: The benchmark's folder.
        progress: Shows it.

    Raises:
        RhovError: If a run failed.
    """
    folder = output_directory(out / FOLDER)
    clip, notes = next((c for c in clips if _fits(c)), None), []
    timed = None
    if clip is None:
        notes.append(f"No clip has {FRAMES} frames of {SIZE[0]}x{SIZE[1]} pixels: nothing was timed.")
    else:
        progress.update("one clip alone", -1.0, clip.folder.name)
        timed = run_alone(replace(clip.request("predicted"), out=folder / "timed", count=FRAMES))
        progress.done("one clip alone", f"{timed.wall_seconds:.0f} s")
        notes.append(
            f"Times and memory: `rhov reconstruct` of {FRAMES} frames of {clip.folder.name} in a process of its own, "
            "from its start to the last file."
        )
    try:
        request = demo_request(output_directory(folder / "real"))
    except MissingDependencyError as error:
        return Alone(timed, None, None, (*notes, f"The real clip was not measured: {error}"))
    progress.update("real clip", -1.0)
    real = run_alone(request)
    progress.done("real clip", f"{real.wall_seconds:.0f} s")
    notes.append(f"Real clip: {real.report['frames']} frames. Tracker: its first {TRACKED} frames.")
    progress.update("tracker alone", -1.0)
    with pool(1, out / LOG) as workers:
        tracker = workers.submit(_tracker_ms, request).result()
    progress.done("tracker alone", f"{tracker[0]:.1f} ms")
    return Alone(timed, real, tracker, tuple(notes))


def _fits(clip: ClipFolder) -> bool:
    camera = Camera.load(clip.folder / "camera.yaml")
    return (camera.width, camera.height) == SIZE and int(
        clip.about.get("spec", {}).get("frames", 0)
    ) - clip.start >= FRAMES


def _tracker_ms(request: ReconstructRequest) -> tuple[float, float]:
    model = ObjectModel.load(request.mesh)
    milliseconds = []
    for contour_only in (False, True):
        track_timed(replace(request, count=_COMPILED), model, contour_only)
        milliseconds.append(track_timed(replace(request, count=TRACKED), model, contour_only).milliseconds("track"))
    return milliseconds[0], milliseconds[1]
