"""Runs the tracker over a stream of frames and publishes what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rhov_msgs.msg import TrackingEvent
from std_msgs.msg import Header

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPoseConfig
from rhov_optimizer.joint.window import ObjectWindow
from rhov_optimizer.nodes.outputs import Outputs
from rhov_optimizer.nodes.track_buffer import TrackBuffer, TrackedFrame
from rhov_optimizer.nodes.window import tracked_trajectory
from rhov_optimizer.tracking import ObjectTracker, TrackerConfig

UNDECIDED = 0.02
"""With a smaller margin to the next candidate, the first outline hardly decides between them."""


class StreamTracker:
    """One tracker for one stream; a camera of another kind or a frame out of order starts anew.

    Args:
        model: The object.
        hand_model: For windows without a hand.
        segmenter: Segments a frame again from a silhouette.
        configs: Settings of the tracker and of the search for the first pose.
        initial_pose: (4, 4) rough pose in the first frame; None: it is searched for.
        window: A window of the trajectory is published every so many frames ...
        smoothing: ... after its object was smoothed.
        buffer: Gets every frame.
        outputs: Publishes.
        complain: Logs an error.
    """

    def __init__(
        self,
        model: ObjectModel,
        hand_model: HandModel,
        segmenter: ObjectSegmenter,
        configs: tuple[TrackerConfig, InitialPoseConfig],
        initial_pose: FloatArray | None,
        window: int,
        smoothing: ObjectWindow,
        buffer: TrackBuffer,
        outputs: Outputs,
        complain: Callable[[str], None],
    ) -> None:
        self._model, self._hand_model, self._segmenter, self._configs = model, hand_model, segmenter, configs
        self._initial_pose, self._window = initial_pose, window
        self._smoothing = smoothing
        self._buffer, self._outputs, self._complain = buffer, outputs, complain
        self._tracker: ObjectTracker | None = None
        self.camera: Camera | None = None
        """None as long as it is unknown; set it with `use_camera`."""
        self.state: ObjectState | None = None
        """Of the newest frame; None before the object was found for the first time."""
        self.notes: tuple[str, ...] = ()
        """Sentences for the report."""

    def use_camera(self, camera: Camera) -> None:
        """Sets the camera; another one than before starts anew."""
        if self.camera is None or camera.to_dict() != self.camera.to_dict():
            self._tracker = ObjectTracker(self._model, camera, self._segmenter, *self._configs)
            self.camera = camera
            self.reset()

    def reset(self) -> None:
        """Forgets the track and its frames."""
        self._buffer.clear()
        self._smoothing.reset()
        self.state, self.notes = None, ()
        if self._tracker is not None:
            self._tracker.reset()

    def track(self, cues: FrameCues, header: Header) -> ObjectEstimate:
        """Estimates one frame and publishes it.

        Args:
            cues: Of the frame.
            header: Of its image.
        """
        assert self.camera is not None and self._tracker is not None
        newest = self._buffer.newest(1)
        if newest and (cues.frame_index <= newest[0].record.frame_index or cues.stamp <= newest[0].record.stamp):
            self.reset()
        estimate = self._estimated(cues)
        record = self._tracker.record
        assert record is not None
        if self._tracker.revised:
            self._buffer.revise(self._tracker.revised)
        if self._tracker.changed_mind:
            detail = "another pose explains the video better: the frames before were corrected"
            self._outputs.event(TrackingEvent.REINITIALISED, header, estimate.frame_index, detail)
        self._buffer.append(TrackedFrame(header, record, estimate))
        self._outputs.estimate(estimate, header, cues.hand)
        self._tell(estimate, header)
        if self._buffer.received % self._window == 0:
            self._publish_window(header)
        return estimate

    def _estimated(self, cues: FrameCues) -> ObjectEstimate:
        assert self.camera is not None and self._tracker is not None
        if cues.image_size != (self.camera.width, self.camera.height):
            self._complain(f"frame {cues.frame_index} has another size than the camera: it counts as lost")
            cues = FrameCues(cues.frame_index, cues.stamp, (self.camera.width, self.camera.height))
        if self._initial_pose is not None and not self._buffer.received:
            try:
                return self._tracker.start(cues, self._initial_pose)
            except InputError as error:
                self._complain(f"the initial pose cannot be used, it is searched for: {error}")
        return self._tracker.step(cues)

    def _tell(self, estimate: ObjectEstimate, header: Header) -> None:
        """Publishes what an operator should know, once when it happens."""
        before, self.state = self.state, estimate.state
        kind, detail = None, ""
        if estimate.state == ObjectState.LOST:
            if before is None:
                self.state = None
            elif before != ObjectState.LOST:
                kind, detail = TrackingEvent.LOST, "the object is lost and is being searched for"
        elif before is None:
            kind, detail = TrackingEvent.STARTED, self._first_words()
            self.notes = (detail,)
        elif before == ObjectState.LOST:
            kind, detail = TrackingEvent.REINITIALISED, "the object was found again"
        if kind is not None:
            self._outputs.event(kind, header, estimate.frame_index, detail)

    def _first_words(self) -> str:
        initial = None if self._tracker is None else self._tracker.initial_pose
        if initial is None:
            return "the object was found"
        words = f"first pose found: its silhouette overlaps the mask by {100 * initial.iou:.0f} %"
        if initial.margin < UNDECIDED:
            words += (
                f"; the outline prefers it to another pose by {100 * initial.margin:.1f} % only: look at the overlay"
            )
        return words

    def _publish_window(self, header: Header) -> None:
        assert self.camera is not None
        held = self._buffer.newest()
        records, estimates = [frame.record for frame in held], [frame.estimate for frame in held]
        smoothed = self._smoothing.newest(self.camera, records, estimates)
        if smoothed:
            begin = next(i for i, frame in enumerate(held) if frame.estimate.frame_index == smoothed[0].frame_index)
            pairs = zip(held[begin:], smoothed, strict=False)
            frames = [replace(frame, estimate=estimate) for frame, estimate in pairs]
            trajectory = tracked_trajectory(frames, self.camera, self._model, self._hand_model)
            self._outputs.trajectory(trajectory, header, final=False)
        seen = [f for f in held if f.estimate.state != ObjectState.LOST]
        self._outputs.path([(frame.header, frame.estimate.T_camera_object) for frame in seen])
