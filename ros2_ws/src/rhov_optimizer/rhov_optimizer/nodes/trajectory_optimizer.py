"""Object cues and hands in, the tracked object out for every frame, and at the end the whole trajectory.

Subscribes to `object_cues`, `hand`, `camera_info` and `video_info`; publishes `object_estimate`, `object_pose`, `/tf`,
`object_markers`, `object_path`, `trajectory` and `events`; calls the service `segment_object`; offers `~/reset` and the
action `reconstruct`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rhov_msgs.msg import HandEstimate, ObjectCues, VideoInfo
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger

from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.mesh.sidecar import Sidecar
from rhov_core.messages import camera_from_msg, frame_cues_from_msg, hand_from_msg, hand_mask_from_msg, time_from_msg
from rhov_core.nodes import (
    QOS_OVERRIDES,
    BadMessages,
    Diagnostics,
    declare_config,
    latched_qos,
    run_node,
    stream_qos,
    subscribe_to_kept,
)
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPoseConfig
from rhov_optimizer.joint import JointConfig, JointResult, ObjectSolverConfig, TermWeights, optimise_trajectory
from rhov_optimizer.joint.window import ObjectWindow
from rhov_optimizer.nodes.config import OptimizerNodeConfig
from rhov_optimizer.nodes.frame_joiner import FrameJoiner
from rhov_optimizer.nodes.outputs import QUEUE, Outputs
from rhov_optimizer.nodes.reconstruct_server import ReconstructServer
from rhov_optimizer.nodes.segment_client import SegmentClient
from rhov_optimizer.nodes.stream_tracker import StreamTracker
from rhov_optimizer.nodes.track_buffer import TrackBuffer, TrackedFrame
from rhov_optimizer.tracking import TrackerConfig

THREADS = 4
"""For frames, the answers of services, the action, and the rest."""
CHECK_PERIOD = 0.1
"""How often frames that wait for their hand are looked at [s]."""


class TrajectoryOptimizer(Node):
    """Translates between topics and `rhov_optimizer`."""

    def __init__(self) -> None:
        super().__init__("trajectory_optimizer")
        config = declare_config(self, OptimizerNodeConfig)
        tracking = declare_config(self, TrackerConfig, "tracker"), declare_config(self, InitialPoseConfig, "initial")
        self._joint_config = declare_config(self, JointConfig, "joint")
        self._weights = declare_config(self, TermWeights, "weights")
        self._object_config = declare_config(self, ObjectSolverConfig, "object")
        self._model = ObjectModel.load(config.mesh_file_path, name=config.object_name or None)
        _ = self._model.colors  # what cannot be read is said now, not in the first frame
        self._hand_model = HandModel.load(config.hand_model or None)
        self._last_time, self._every_frame = time.monotonic(), config.every_frame
        self._bad = BadMessages(self)
        self._diagnostics = Diagnostics(self, self._bad)
        self._joiner, self._buffer = FrameJoiner(config.hand_timeout), TrackBuffer(config.buffer)
        unit = Sidecar.beside(config.mesh_file_path).scale
        outputs = Outputs(self, self._model.name, Path(config.mesh_file_path), unit)
        self._stream = StreamTracker(
            self._model,
            self._hand_model,
            SegmentClient(self, config.segment_timeout),
            tracking,
            config.initial_transform(),
            config.window,
            ObjectWindow(self._model, self._object_config, config.window_context, config.window_lag),
            self._buffer,
            outputs,
            lambda sentence: self.get_logger().error(sentence, once=True),
        )
        self._server = ReconstructServer(
            self,
            self._buffer,
            outputs,
            self._optimise,
            lambda: self._stream.camera,
            lambda: time.monotonic() - self._last_time,
            config.stall_timeout,
        )
        self._listen()

    def _listen(self) -> None:
        frames = MutuallyExclusiveCallbackGroup()
        options: dict[str, Any] = {"callback_group": frames, "qos_overriding_options": QOS_OVERRIDES}
        on_camera = self._bad.guard("camera_info", self._on_camera)
        self.create_subscription(CameraInfo, "camera_info", on_camera, stream_qos(), **options)
        for kind, topic, callback in (
            (HandEstimate, "hand", self._on_hand),
            (ObjectCues, "object_cues", self._on_cues),
        ):
            guarded = self._bad.guard(topic, callback)
            if self._every_frame:
                subscribe_to_kept(self, kind, topic, guarded, QUEUE, **options)
            else:
                self.create_subscription(kind, topic, guarded, stream_qos(depth=QUEUE), **options)
        self.create_subscription(VideoInfo, "video_info", self._on_video, latched_qos())
        self.create_service(Trigger, "~/reset", self._on_reset, callback_group=frames)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # so that a paused /clock does not hold frames back
        self._timer = self.create_timer(CHECK_PERIOD, self._process, callback_group=frames, clock=steady)

    def _on_camera(self, message: CameraInfo) -> None:
        self._stream.use_camera(camera_from_msg(message))

    def _on_video(self, message: VideoInfo) -> None:
        self._server.video = message

    def _on_hand(self, message: HandEstimate) -> None:
        self._joiner.add_hand(message)
        self._process()

    def _on_cues(self, message: ObjectCues) -> None:
        self._joiner.add_cues(message, time.monotonic())
        self._process()

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stream.reset()
        response.success, response.message = True, "the next frame starts a new track"
        return response

    def _process(self) -> None:
        """Tracks the frames whose messages are complete."""
        if self._stream.camera is None:
            self._diagnostics.warn("waiting for camera_info")
            return
        # before the first frame the nodes may not have found each other yet
        hands_come = self._buffer.received == 0 or self.count_publishers("hand") > 0
        for message, hand in self._joiner.ready(time.monotonic(), hands_come):
            begin = time.monotonic()
            estimate = self._stream.track(self._cues(message, hand), message.header)
            self._last_time = time.monotonic()
            self._diagnostics.frame(self._last_time - begin)
            self._diagnostics.show(frames=self._buffer.received, mask_iou=f"{estimate.mask_iou:.3f}")
            if estimate.state == ObjectState.LOST:
                self._diagnostics.warn("the object is lost")
            else:
                self._diagnostics.ok("tracking")

    def _cues(self, message: ObjectCues, hand: HandEstimate | None) -> FrameCues:
        """The cues of a frame. A bad message leaves a frame without cues: every frame gets its estimate."""
        try:
            if hand is not None:
                hand_from_msg(hand), hand_mask_from_msg(hand)
        except InputError as error:
            self._bad.report("hand", error)
            hand = None
        try:
            return frame_cues_from_msg(message, hand)
        except InputError as error:
            self._bad.report("object_cues", error)
        camera = self._stream.camera
        assert camera is not None
        return FrameCues(message.frame_index, time_from_msg(message.header.stamp), (camera.width, camera.height))

    def _optimise(
        self, frames: list[TrackedFrame], progress: Callable[[str, float], None], cancelled: Callable[[], bool]
    ) -> JointResult:
        assert self._stream.camera is not None
        result = optimise_trajectory(
            self._model,
            self._stream.camera,
            [frame.record for frame in frames],
            [frame.estimate for frame in frames],
            self._hand_model,
            config=self._joint_config,
            weights=self._weights,
            object_config=self._object_config,
            progress=progress,
            cancelled=cancelled,
        )
        notes = [*self._model.notes, *self._stream.notes, *result.report["notes"]]
        return replace(result, report={**result.report, "notes": notes})


def main() -> None:
    """Runs the node."""
    run_node(TrajectoryOptimizer, threads=THREADS)


if __name__ == "__main__":
    main()
