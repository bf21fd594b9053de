"""Pictures of the worst clips: the frame with the largest error, with the truth and the result drawn on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rhov.benchmark.clip_folder import ClipFolder
from rhov.benchmark.comparison import DEGREES, Comparison
from rhov.benchmark.outcome import Outcome
from rhov.benchmark.own_tables import worst_clips
from rhov.benchmark.runner import Plan, clip_folder, result_folder
from rhov.benchmark.tables import JOINT, PREDICTED
from rhov.evaluation_input import hand_model_of
from rhov.overlay import draw_frame
from rhov_core.arrays import ByteArray
from rhov_core.camera import Camera
from rhov_core.draw import write_line
from rhov_core.files import atomic_path
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory
from rhov_core.video import VideoReader

COUNT = 3
"""Clips that are shown."""


def write_worst_clips(out: Path, plan: Plan, comparison: Comparison) -> None:
    """Writes worst_1.png and so on: the truth on the left, the result with predicted cues on the right."""
    for place, name in enumerate(worst_clips(comparison, COUNT), 1):
        outcome = comparison.outcome(name, PREDICTED, JOINT)
        if outcome is None:
            continue
        result = result_folder(plan, name, PREDICTED, JOINT) / "trajectory.npz"
        picture = _picture(clip_folder(plan, name), HandObjectTrajectory.load(result), outcome)
        if picture is not None:
            with atomic_path(out / f"worst_{place}.png") as partial:
                cv2.imwrite(str(partial), picture)


def worst_frame(outcome: Outcome) -> int:
    """The index of the frame with the largest ADD-S; the first annotated one if the object was never found."""
    error, annotated = outcome.series["add_s"], outcome.series["object_annotated"]
    ranked = np.nan_to_num(error, nan=-1.0) if np.isfinite(error).any() else annotated
    return int(outcome.series["frame_index"][int(np.argmax(ranked))])


def _picture(clip: ClipFolder, result: HandObjectTrajectory, outcome: Outcome) -> ByteArray | None:
    """None if the video lacks the frame."""
    frame = worst_frame(outcome)
    camera = Camera.load(clip.folder / "camera.yaml")
    image = next((camera.rectify(f.image) for f in VideoReader(clip.video, frame, 1)), None)
    if image is None:
        return None
    truth, model = clip.truth().trajectory, ObjectModel.load(clip.mesh, repair=True)
    halves = [_drawn(image, trajectory, frame, model, camera.rectified()) for trajectory in (truth, result)]
    row = int(np.flatnonzero(outcome.series["frame_index"] == frame)[0])
    numbers = [
        f"{name} {factor * outcome.series[name][row]:.1f} {unit}"
        for name, factor, unit in (("rotation", DEGREES, "deg"), ("translation", 1e3, "mm"), ("hand", 1e3, "mm"))
        if np.isfinite(outcome.series[name][row])
    ]
    lost = f"{100 * outcome.figure('object: frames lost'):.0f} % lost"
    words = (f"{outcome.clip}: truth", f"{lost}; result: {', '.join(numbers) or 'nothing'}")
    strip = np.zeros((28, image.shape[1], 3), np.uint8)
    head = np.concatenate([write_line(strip, line) for line in words], axis=1)
    return np.concatenate([head, np.concatenate(halves, axis=1)])


def _drawn(
    image: ByteArray, trajectory: HandObjectTrajectory, frame: int, model: ObjectModel, camera: Camera
) -> ByteArray:
    index = np.flatnonzero(trajectory.frame_index == frame)
    if not len(index):
        return image
    return draw_frame(image, trajectory, int(index[0]), model, camera, hand_model_of(trajectory, None))
