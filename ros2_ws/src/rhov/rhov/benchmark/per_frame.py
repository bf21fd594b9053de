"""The baseline of the paper's Table 4a: hand and object of each frame reconstructed as if there were no other frame.

In each frame the hand is detected anew and fitted without an earlier one, and the object's pose is searched for among
all views and fitted to its mask, as in the first frame of a clip. No pose, velocity, flow, keyframe or side of the
hand is carried over. What all variants share is the image evidence: the object's mask (which the embedded estimator
follows along the video, as the paper's segmenter sees each frame), and the colours that it learned in the first frame.
Of the poses that look alike, as those of a symmetric object do, each frame chooses without knowing its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

from rhov.request import ReconstructRequest
from rhov.tracked_clip import TrackedClip
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.video import VideoReader
from rhov_optimizer.tracking import ObjectTracker
from rhov_perception.cues_directory import CuesDirectory
from rhov_perception.hand import HandEstimator
from rhov_perception.object import ObjectEstimator


def reconstruct_each_frame(
    request: ReconstructRequest, model: ObjectModel, progress: Callable[[float], None] = lambda fraction: None
) -> TrackedClip:
    """Estimates hand and object in each frame on its own.

    Args:
        request: The video with its box; a pose file is not used.
        model: The object.
        progress: Called with a fraction from 0 to 1.

    Returns:
        Estimates and records without flow and without matches between frames.

    Raises:
        InputError: If the video, the camera or the box cannot be used.
    """
    reader = VideoReader(request.video, request.start, request.count or None)
    width, height = reader.info.width, reader.info.height
    camera = Camera.choose(request.camera_file, request.focal, width, height, f"'{request.video}'")
    directory = CuesDirectory(request.cues) if request.cues else None
    hands, objects = HandEstimator(camera), ObjectEstimator(camera)
    tracker = ObjectTracker(model, camera, objects if directory is None else directory.segmenter(objects))
    clip, total = TrackedClip(camera, hands.model("right")), request.count or reader.info.frames_announced
    for index, stamp, picture in reader:
        image = camera.rectify(picture)
        hands.reset()
        seen = hands.estimate(image, index)
        if clip.estimates:
            cues = objects.step(image, index, stamp, seen.estimate, seen.mask)
        elif request.box is None:
            raise InputError("no box was given", "the box around the object in the first frame", "give one")
        else:
            cues = objects.start(image, index, stamp, request.box, seen.estimate, seen.mask)
        if directory is not None:
            cues = directory.apply(cues, image)
        clip.estimates.append(tracker.start(cues))
        assert tracker.record is not None
        clip.records.append(tracker.record)
        if cues.hand is not None:
            clip.hand_model = hands.model(cues.hand.side)
        progress(len(clip.estimates) / total if total else 0.0)
    hands.close()
    return clip
