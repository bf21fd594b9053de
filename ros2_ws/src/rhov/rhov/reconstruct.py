"""The reconstruction as a library: perception, tracking and joint optimisation of one video, in one process.

The nodes run the same classes with the same settings, so both give the same numbers for the same frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rhov.clip_tracker import ClipTracker
from rhov.final_report import add_figures
from rhov.interrupted_run import InterruptedRun
from rhov.products import make_products
from rhov.request import ReconstructRequest
from rhov.stages import StageProgress
from rhov.tracked_clip import TrackedClip
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.files import output_directory
from rhov_core.object_model import ObjectModel
from rhov_core.result_directory import write_result
from rhov_core.video import VideoReader
from rhov_optimizer.joint import JointConfig, JointResult, optimise_trajectory

Progress = Callable[[str, float, str], None]
"""Receives the name of a stage, the fraction of it that is done, and a few words."""


def reconstruct_to_directory(request: ReconstructRequest, *, fresh: bool = False) -> Iterator[str]:
    """Reconstructs a video, writes the result folder and yields lines that tell how it went.

    A run that was interrupted, by whatever, goes on where it was when it is asked for again.

    Args:
        request: What is asked for.
        fresh: Whether to begin anew even so.

    Raises:
        InputError: If something that was given cannot be used.
    """
    output_directory(request.out)
    model = ObjectModel.load(request.mesh, repair=request.repair_mesh)
    interrupted = InterruptedRun(request)
    if fresh:
        interrupted.forget()
    with StageProgress() as progress:
        try:
            clip = track_video(request, model, progress.update, interrupted)
        except KeyboardInterrupt:
            if interrupted.frames_kept:
                progress.say(f"repeat the same command to go on after frame {interrupted.frames_kept}")
            raise
        progress.done("track")
        result = optimise_clip(clip, model, progress.update, Camera.focal_sigma(request.camera_file, request.focal))
        progress.done("optimise")
        report = {
            **result.report,
            "stage_seconds": progress.seconds,
            "frames_taken_over": interrupted.frames_taken_over,
            "per_frame": clip.per_frame(),
            "notes": [*model.notes, *clip.notes, *result.report["notes"]],
        }
        write_result(request.out, result.trajectory, clip.camera.rectified(), report)
        make_products(
            request.out,
            request.video,
            request.mesh,
            clip.camera,
            request.repair_mesh,
            lambda fraction: progress.update("overlay and plots", fraction, ""),
        )
        progress.done("overlay and plots")
        add_figures(request.out, {"stage_seconds": progress.seconds})
    interrupted.forget()
    if interrupted.remark:
        yield interrupted.remark
    yield from report["notes"]
    yield f"{len(result.trajectory)} frames, {result.trajectory.frames_lost} lost; results are in {request.out}"


def track_video(
    request: ReconstructRequest,
    model: ObjectModel,
    progress: Progress,
    interrupted: InterruptedRun | None = None,
) -> TrackedClip:
    """Estimates hand and object in each frame of a video.

    Args:
        request: What was asked for.
        model: The object.
        progress: Called after each frame.
        interrupted: Where the run goes on, and keeps what it has; None: all in one go.

    Raises:
        InputError: If the video, the camera, the box or the pose cannot be used.
    """
    reader = VideoReader(request.video, request.start, request.count or None)
    width, height = reader.info.width, reader.info.height
    camera = Camera.choose(request.camera_file, request.focal, width, height, f"'{request.video}'")
    tracker = ClipTracker(request, model, camera)
    if interrupted is not None:
        tracker = interrupted.resume(tracker)
        progress("track", 0.0, interrupted.remark)
    known = len(tracker.clip.estimates)
    total = request.count or reader.info.frames_announced
    begin, fresh = time.monotonic(), False
    for place, frame in enumerate(reader):
        if place < known:
            tracker.look_again(frame, known - place)
            continue
        tracker.step(frame)
        fresh = True
        if interrupted is not None:
            interrupted.keep(tracker)
        rate = f"{place + 1}/{total or '?'} frames, {(place + 1 - known) / (time.monotonic() - begin):.1f}/s"
        progress("track", (place + 1) / total if total else -1, rate)
    tracker.close()
    if not tracker.clip.estimates:
        given = f"'{request.video}' has no frame from {request.start} on"
        raise InputError(given, "a start inside the video", "give a smaller --start")
    if interrupted is not None and fresh:
        interrupted.keep(tracker, now=True)
    return tracker.clip


def optimise_clip(clip: TrackedClip, model: ObjectModel, progress: Progress, focal_sigma: float = 0.0) -> JointResult:
    """The joint optimisation of a tracked clip; `focal_sigma` is how far its focal length may be off, relatively."""
    return optimise_trajectory(
        model,
        clip.camera,
        clip.records,
        clip.estimates,
        clip.hand_model,
        config=JointConfig(focal_sigma=focal_sigma),
        progress=lambda stage, fraction: progress("optimise", fraction, stage),
    )
