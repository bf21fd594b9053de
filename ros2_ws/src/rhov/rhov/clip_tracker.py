"""Perception and tracking of one video, frame by frame, in one process."""

from __future__ import annotations

from typing import Any

import numpy as np

from rhov.request import ReconstructRequest, load_pose
from rhov.tracked_clip import TrackedClip
from rhov_core.arrays import BoolArray
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.render import rasterize
from rhov_core.video import VideoFrame
from rhov_optimizer.tracking import ObjectTracker
from rhov_perception.cues_directory import CuesDirectory
from rhov_perception.hand import HandEstimator
from rhov_perception.object import ObjectEstimator


class ClipTracker:
    """Estimates hand and object in one frame after another.

    Args:
        request: What was asked for.
        model: The object.
        camera: Of the video, with its distortion.

    Raises:
        InputError: If the pose or the cues directory cannot be used.
    """

    def __init__(self, request: ReconstructRequest, model: ObjectModel, camera: Camera) -> None:
        self._request, self._model, self._camera = request, model, camera
        self._pose = load_pose(request.pose_file) if request.pose_file else None
        self._directory = CuesDirectory(request.cues) if request.cues else None
        self._hands, self._objects = HandEstimator(camera), ObjectEstimator(camera)
        segmenter = self._objects if self._directory is None else self._directory.segmenter(self._objects)
        self._tracker = ObjectTracker(model, camera, segmenter)
        self.clip = TrackedClip(camera, self._hands.model("right"))
        self.clip.notes += Camera.choice_notes(request.camera_file, request.focal, camera)

    def step(self, frame: VideoFrame) -> None:
        """Adds the next frame to `clip`.

        Raises:
            InputError: If the first frame has no object where it should be, or a cue cannot be used.
        """
        image, clip = self._camera.rectify(frame.image), self.clip
        seen = self._hands.estimate(image, frame.frame_index)
        if clip.estimates:
            cues = self._objects.step(image, frame.frame_index, frame.stamp, seen.estimate, seen.mask)
        else:
            cues = self._objects.start(
                image, frame.frame_index, frame.stamp, self._seed(frame.frame_index), seen.estimate, seen.mask
            )
            clip.notes += self._objects.notes
        if self._directory is not None:
            cues = self._directory.apply(cues, image)
        estimate = self._tracker.step(cues) if clip.estimates else self._tracker.start(cues, self._pose)
        assert self._tracker.record is not None
        clip.add(estimate, self._tracker.record, self._tracker.revised)
        if cues.hand is not None:
            clip.hand_model = self._hands.model(cues.hand.side)

    def look_again(self, frame: VideoFrame, frames_left: int) -> None:
        """Looks at a frame that a copy of this tracker, made by pickling, knows already.

        MediaPipe's memory cannot be kept; it comes back from the images since there was no hand.

        Args:
            frame: The frame.
            frames_left: How many known frames are left, this one included.
        """
        if frames_left <= self._hands.frames_remembered:
            self._hands.look_again(self._camera.rectify(frame.image), frames_left)

    def close(self) -> None:
        """Frees MediaPipe's graph."""
        self._hands.close()

    def parts_of_input(self) -> dict[str, Any]:
        """Large parts that come with the request and need not be kept with a copy of this tracker."""
        models = {side: self._hands.model(side) for side in ("right", "left")}
        return {
            "object": self._model,
            "colors": self._model.colors,
            "camera": self._camera,
            "cues": self._directory,
            "request": self._request,
            **models,
        }

    def _seed(self, frame_index: int) -> tuple[int, int, int, int] | BoolArray:
        """Where the object is in the first frame: a box, a given mask, or the silhouette of the given pose."""
        if self._request.box is not None:
            return self._request.box
        if self._directory is not None and (mask := self._directory.object_mask(frame_index)) is not None:
            return mask
        if self._pose is None:
            raise InputError(
                f"the cues directory has no object mask for frame {frame_index}",
                "a mask, a box or a pose for the first frame that is used",
                "give --box or --pose as well",
            )
        points = self._model.vertices @ self._pose[:3, :3].T + self._pose[:3, 3]
        face_id, _ = rasterize(points[None].astype(np.float32), self._model.faces, self._camera.rectified())
        return face_id[0] >= 0
