"""The reconstruction as a library: perception, tracking and joint optimisation of one video, in one process.

The nodes run the same classes with the same settings, so both give the same numbers for the same frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from rhov.final_report import add_figures
from rhov.products import make_products
from rhov.request import ReconstructRequest, load_pose
from rhov.stages import StageProgress
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.files import output_directory
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.render import rasterize
from rhov_core.result_directory import write_result
from rhov_core.video import VideoReader
from rhov_optimizer.joint import JointResult, optimise_trajectory
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import ObjectTracker, Revision
from rhov_optimizer.tracking.figures import per_frame_figures
from rhov_perception.cues_directory import CuesDirectory
from rhov_perception.hand import HandEstimator
from rhov_perception.object import ObjectEstimator

Progress = Callable[[str, float, str], None]
"""Receives the name of a stage, the fraction of it that is done, and a few words."""


@dataclass
class TrackedClip:
    """What tracking leaves of a clip."""

    camera: Camera
    """Of the video, with its distortion."""
    hand_model: HandModel
    estimates: list[ObjectEstimate] = field(default_factory=list)
    records: list[TrackRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences for the user."""

    def add(self, estimate: ObjectEstimate, record: TrackRecord, revised: Sequence[Revision]) -> None:
        """Adds a frame, and what the tracker now says about the frames just before it."""
        for i, (earlier_estimate, earlier_record) in enumerate(reversed(revised), 1):
            self.estimates[-i], self.records[-i] = earlier_estimate, earlier_record
        self.estimates.append(estimate)
        self.records.append(record)

    def per_frame(self) -> dict[str, list[float | None]]:
        """Figures of each frame, for plots; None where one is missing."""
        return per_frame_figures(self.estimates)


def reconstruct_to_directory(request: ReconstructRequest) -> Iterator[str]:
    """Reconstructs a video, writes the result folder and yields lines that tell how it went.

    Raises:
        InputError: If something that was given cannot be used.
    """
    output_directory(request.out)
    model = ObjectModel.load(request.mesh, repair=request.repair_mesh)
    with StageProgress() as progress:
        clip = track_video(request, model, progress.update)
        progress.done("track")
        result = optimise_clip(clip, model, progress.update)
        progress.done("optimise")
        report = {
            **result.report,
            "stage_seconds": progress.seconds,
            "per_frame": clip.per_frame(),
            "notes": [*model.notes, *clip.notes],
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
    yield from report["notes"]
    yield f"{len(result.trajectory)} frames, {result.trajectory.frames_lost} lost; results are in {request.out}"


def track_video(request: ReconstructRequest, model: ObjectModel, progress: Progress) -> TrackedClip:
    """Estimates hand and object in each frame of a video.

    Raises:
        InputError: If the video, the camera, the box or the pose cannot be used.
    """
    reader = VideoReader(request.video, request.start, request.count or None)
    width, height = reader.info.width, reader.info.height
    camera = Camera.choose(request.camera_file, request.focal, width, height, f"'{request.video}'")
    pose = load_pose(request.pose_file) if request.pose_file else None
    cues_directory = CuesDirectory(request.cues) if request.cues else None
    hands, objects = HandEstimator(camera), ObjectEstimator(camera)
    segmenter = objects if cues_directory is None else cues_directory.segmenter(objects)
    tracker = ObjectTracker(model, camera, segmenter)
    clip = TrackedClip(camera, hands.model("right"))
    clip.notes += Camera.choice_notes(request.camera_file, request.focal, camera)
    total = request.count or reader.info.frames_announced
    begin = time.monotonic()
    for index, stamp, picture in reader:
        image = camera.rectify(picture)
        seen = hands.estimate(image, index)
        if clip.estimates:
            cues = objects.step(image, index, stamp, seen.estimate, seen.mask)
        else:
            seed = _seed(request, model, camera, pose, cues_directory, index)
            cues = objects.start(image, index, stamp, seed, seen.estimate, seen.mask)
            clip.notes += objects.notes
        if cues_directory is not None:
            cues = cues_directory.apply(cues)
        estimate = tracker.step(cues) if clip.estimates else tracker.start(cues, pose)
        assert tracker.record is not None
        clip.add(estimate, tracker.record, tracker.revised)
        if cues.hand is not None:
            clip.hand_model = hands.model(cues.hand.side)
        done = len(clip.estimates)
        rate = f"{done}/{total or '?'} frames, {done / (time.monotonic() - begin):.1f}/s"
        progress("track", done / total if total else -1, rate)
    hands.close()
    if not clip.estimates:
        given = f"'{request.video}' has no frame from {request.start} on"
        raise InputError(given, "a start inside the video", "give a smaller --start")
    return clip


def optimise_clip(clip: TrackedClip, model: ObjectModel, progress: Progress) -> JointResult:
    """The joint optimisation of a tracked clip."""
    return optimise_trajectory(
        model,
        clip.camera,
        clip.records,
        clip.estimates,
        clip.hand_model,
        progress=lambda stage, fraction: progress("optimise", fraction, stage),
    )


def _seed(
    request: ReconstructRequest,
    model: ObjectModel,
    camera: Camera,
    pose: FloatArray | None,
    cues_directory: CuesDirectory | None,
    frame_index: int,
) -> tuple[int, int, int, int] | BoolArray:
    """Where the object is in the first frame: a box, a given mask, or the silhouette of the given pose."""
    if request.box is not None:
        return request.box
    if cues_directory is not None and (mask := cues_directory.object_mask(frame_index)) is not None:
        return mask
    if pose is None:
        raise InputError(
            f"the cues directory has no object mask for frame {frame_index}",
            "a mask, a box or a pose for the first frame that is used",
            "give --box or --pose as well",
        )
    points = model.vertices @ pose[:3, :3].T + pose[:3, 3]
    face_id, _ = rasterize(points[None].astype(np.float32), model.faces, camera.rectified())
    return face_id[0] >= 0
