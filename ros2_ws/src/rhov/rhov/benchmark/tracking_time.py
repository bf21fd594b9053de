"""Tracks a clip and times its parts: the tracker, and beside it the cues and segmenting again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from rhov.request import ReconstructRequest
from rhov_core.arrays import BoolArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.video import VideoReader
from rhov_optimizer.tracking import ObjectTracker
from rhov_perception.hand import HandEstimator
from rhov_perception.object import ObjectEstimator


@dataclass
class TimedSegmenter:
    """The object estimator's segmentation, with the time it takes."""

    estimator: ObjectEstimator
    seconds: float = 0.0

    def segment(self, frame_index: int, silhouette: BoolArray, band: int) -> BoolArray | None:
        """See `ObjectSegmenter`."""
        begin = time.process_time()
        try:
            return self.estimator.segment(frame_index, silhouette, band)
        finally:
            self.seconds += time.process_time() - begin


@dataclass
class TimedTracking:
    """What tracking a clip gave, with CPU seconds of each frame."""

    estimates: list[ObjectEstimate] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(
        default_factory=lambda: {"hand": [], "cues": [], "segment": [], "track": []}
    )

    def timed(self, name: str, begin: float, less: float = 0.0) -> None:
        """Notes the CPU time since `begin`, without `less` [s]."""
        self.seconds[name].append(time.process_time() - begin - less)

    def milliseconds(self, name: str) -> float:
        """Mean over all frames but the first, whose pose is searched for."""
        return 1e3 * float(np.mean(self.seconds[name][1:]))


def track_timed(request: ReconstructRequest, model: ObjectModel, contour_only: bool = False) -> TimedTracking:
    """Tracks a clip from its box.

    Args:
        request: The video with its box.
        model: The object.
        contour_only: Whether flow and features are kept from the tracker.

    Raises:
        InputError: If the video, the camera or the box cannot be used.
    """
    if request.box is None:
        raise InputError("no box was given", "the box around the object in the first frame", "give one")
    run, reader = TimedTracking(), VideoReader(request.video, request.start, request.count or None)
    width, height = reader.info.width, reader.info.height
    camera = Camera.choose(request.camera_file, request.focal, width, height, f"'{request.video}'")
    hands, objects = HandEstimator(camera), ObjectEstimator(camera)
    segmenter = TimedSegmenter(objects)
    tracker = ObjectTracker(model, camera, segmenter)
    for index, stamp, picture in reader:
        image = camera.rectify(picture)
        begin = time.process_time()
        hand = hands.estimate(image, index)
        run.timed("hand", begin)
        begin = time.process_time()
        if run.estimates:
            cues = objects.step(image, index, stamp, hand.estimate, hand.mask)
        else:
            cues = objects.start(image, index, stamp, request.box, hand.estimate, hand.mask)
        run.timed("cues", begin)
        cues = _without_inside(cues) if contour_only else cues
        segmenter.seconds, begin = 0.0, time.process_time()
        estimate = tracker.step(cues)
        run.timed("track", begin, segmenter.seconds)
        run.seconds["segment"].append(segmenter.seconds)
        for i, (earlier, _) in enumerate(reversed(tracker.revised), 1):
            run.estimates[-i] = earlier
        run.estimates.append(estimate)
    hands.close()
    return run


def _without_inside(cues: FrameCues) -> FrameCues:
    """Cues that say nothing of what lies inside the silhouette."""
    none, no_descriptors = np.zeros((0, 2)), np.zeros((0, 32), np.uint8)
    return replace(cues, flow_source=none, flow_target=none, feature_positions=none, feature_descriptors=no_descriptors)
