"""The action `reconstruct`: waits for the end of the video, optimises all frames together, writes the result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Reconstruct
from rhov_msgs.msg import TrackingEvent, VideoInfo

from rhov_core.camera import Camera
from rhov_core.errors import RhovError
from rhov_core.result_directory import write_result
from rhov_optimizer.joint import JointResult
from rhov_optimizer.nodes.outputs import Outputs
from rhov_optimizer.nodes.track_buffer import TrackBuffer, TrackedFrame
from rhov_optimizer.tracking.figures import per_frame_figures

FEEDBACK_PERIOD = 0.2
"""Seconds between two feedback messages."""
SETTLE_SECONDS = 3.0
"""When the video has ended but frames are missing, they are given up after so long without a new one [s]."""

Optimise = Callable[[list[TrackedFrame], Callable[[str, float], None], Callable[[], bool]], JointResult]
"""Optimises frames; gets a progress and a cancelled callback."""


class _NoResultError(Exception):
    """The goal ends without a result; the message says why."""


class ReconstructServer:
    """Serves one goal at a time.

    Args:
        node: The node; its executor needs a thread for this server.
        buffer: The tracked frames.
        outputs: For the final trajectory and the events.
        optimise: The joint optimisation.
        camera: Returns the camera, None as long as it is unknown.
        idle: Returns the seconds since the last frame was tracked.
        stall_timeout: After so long without a new frame, waiting for the video's end is given up [s].
    """

    def __init__(
        self,
        node: Node,
        buffer: TrackBuffer,
        outputs: Outputs,
        optimise: Optimise,
        camera: Callable[[], Camera | None],
        idle: Callable[[], float],
        stall_timeout: float,
    ) -> None:
        self._node, self._buffer, self._outputs, self._optimise = node, buffer, outputs, optimise
        self._camera, self._idle, self._stall = camera, idle, stall_timeout
        self.video = VideoInfo()
        """The newest state of the video source; set by the node."""
        self._busy = threading.Lock()
        self._server = ActionServer(
            node,
            Reconstruct,
            "reconstruct",
            self._execute,
            goal_callback=lambda _: GoalResponse.REJECT if self._busy.locked() else GoalResponse.ACCEPT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def _execute(self, handle: Any) -> Reconstruct.Result:
        result = Reconstruct.Result()
        with self._busy:
            try:
                if handle.request.wait_for_end:
                    self._wait_for_end(handle)
                self._reconstruct(handle, result)
            except (_NoResultError, RhovError) as error:
                result.message = str(error)
                frames = self._buffer.newest(1)
                if handle.is_cancel_requested:
                    handle.canceled()
                    return result
                if frames and handle.request.wait_for_end:
                    frame = frames[0]
                    self._outputs.event(
                        TrackingEvent.FAILED, frame.header, frame.record.frame_index, f"no reconstruction: {error}"
                    )
                handle.abort()
                return result
            result.success = True
            handle.succeed()
        return result

    def _wait_for_end(self, handle: Any) -> None:
        begin = time.monotonic()
        while True:
            if handle.is_cancel_requested:
                raise _NoResultError("cancelled")
            video, done = self.video, self._buffer.received
            ended = video.state in (VideoInfo.ENDED, VideoInfo.FAILED)
            quiet = min(self._idle(), time.monotonic() - begin)
            if ended and (done >= video.frame_count or quiet > SETTLE_SECONDS):
                return
            if quiet > self._stall:
                raise _NoResultError(
                    f"no frame has come for {self._stall:g} s and the video source has not said that it ended; "
                    f"{done} frames are tracked"
                )
            total = video.frame_count if ended else video.frames_announced
            self._feedback(handle, "tracking", done / total if total else 0.0, total)
            time.sleep(FEEDBACK_PERIOD)

    def _reconstruct(self, handle: Any, result: Reconstruct.Result) -> None:
        frames, camera = self._buffer.newest(), self._camera()
        if not frames or camera is None:
            raise _NoResultError("no frame has been tracked: check that images, camera_info and object cues arrive")
        if not self._buffer.tracked():
            raise _NoResultError(f"the object was found in none of {len(frames)} frames: check the mesh and the box")
        sent = [0.0]

        def progress(stage: str, fraction: float) -> None:
            if time.monotonic() - sent[0] > FEEDBACK_PERIOD:
                sent[0] = time.monotonic()
                self._feedback(handle, "joint", fraction, len(frames))

        joint = self._optimise(frames, progress, lambda: bool(handle.is_cancel_requested))
        if handle.is_cancel_requested:
            raise _NoResultError("cancelled")
        header = frames[-1].header
        if handle.request.output_directory:
            self._feedback(handle, "writing", 0.0, len(frames))
            write_result(
                handle.request.output_directory, joint.trajectory, camera.rectified(), self._report(joint, frames)
            )
        result.trajectory = self._outputs.trajectory(joint.trajectory, header, final=True)
        poses = zip(frames, joint.trajectory.T_camera_object, strict=True)
        self._outputs.path([(frame.header, T) for frame, T in poses])
        result.message = f"{len(frames)} frames, {joint.trajectory.frames_lost} of them lost"
        if self._buffer.dropped:
            result.message += f"; the first {self._buffer.dropped} frames no longer fitted into the buffer"
        if self.video.state == VideoInfo.FAILED:
            result.message += f"; the video source failed: {self.video.message}"
        self._outputs.event(TrackingEvent.FINISHED, header, frames[-1].record.frame_index, result.message)

    def _report(self, joint: JointResult, frames: list[TrackedFrame]) -> dict[str, Any]:
        return {**joint.report, "per_frame": per_frame_figures([frame.estimate for frame in frames])}

    def _feedback(self, handle: Any, stage: str, progress: float, total: int) -> None:
        handle.publish_feedback(
            Reconstruct.Feedback(
                stage=stage, frames_done=self._buffer.received, frames_total=int(total), progress=min(progress, 1.0)
            )
        )
