"""Images in, one `HandEstimate` for each image out.

Subscribes to `image`, `camera_info` and `video_info`; publishes `hand` and `hand_markers`; offers `~/reset`.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

from rclpy.node import Node
from rhov_msgs.msg import HandEstimate, VideoInfo
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from rhov_core.camera import Camera
from rhov_core.config import check_ranges, setting
from rhov_core.frame_clock import FrameClock
from rhov_core.messages import camera_from_msg, color_from_msg, hand_to_msg
from rhov_core.nodes import (
    QOS_OVERRIDES,
    BadMessages,
    Diagnostics,
    declare_config,
    estimate_qos,
    latched_qos,
    run_node,
    stream_qos,
)
from rhov_perception.hand import HandConfig, HandEstimator
from rhov_perception.nodes.hand_markers import hand_markers

NANO = 1_000_000_000
ANNOUNCEMENTS = 64
"""`VideoInfo` messages kept while an image is processed, so that no frame index is missed."""


@dataclass(frozen=True)
class HandNodeConfig:
    """Settings of the node; those of the estimation are `HandConfig`."""

    image_reliability: Literal["reliable", "best_effort"] = setting(
        "reliable", "reliable: no frame is lost (files, lockstep); best_effort: for a live camera"
    )
    queue_size: int = setting(5, "images that wait while one is processed; 1 drops rather than lags", low=1, high=1000)

    def __post_init__(self) -> None:
        check_ranges(self)


class HandEstimatorNode(Node):
    """Translates between topics and `rhov_perception.hand`."""

    def __init__(self) -> None:
        super().__init__("hand_estimator")
        self._config = declare_config(self, HandConfig)
        node_config = declare_config(self, HandNodeConfig)
        self._frame_clock = FrameClock()
        self._streams = 0
        self._camera: Camera | None = None
        self._estimator: HandEstimator | None = None
        self._waiting: deque[Image] = deque(maxlen=node_config.queue_size)
        self._frames = self._found = 0
        self._bad = BadMessages(self)
        self._diagnostics = Diagnostics(self, self._bad)
        stream = stream_qos(node_config.image_reliability, node_config.queue_size)
        reliable = stream_qos(depth=node_config.queue_size)
        self._hands = self.create_publisher(HandEstimate, "hand", estimate_qos(), qos_overriding_options=QOS_OVERRIDES)
        self._markers = self.create_publisher(
            MarkerArray, "hand_markers", reliable, qos_overriding_options=QOS_OVERRIDES
        )
        for kind, topic, callback, qos in (
            (VideoInfo, "video_info", self._on_video, latched_qos(ANNOUNCEMENTS)),
            (CameraInfo, "camera_info", self._on_camera, stream),
            (Image, "image", self._on_image, stream),
        ):
            guarded = self._bad.guard(topic, callback)
            self.create_subscription(kind, topic, guarded, qos, qos_overriding_options=QOS_OVERRIDES)
        self.create_service(Trigger, "~/reset", self._on_reset)

    def destroy_node(self) -> None:
        """Frees the detector."""
        if self._estimator is not None:
            self._estimator.close()
        super().destroy_node()

    def _on_video(self, message: VideoInfo) -> None:
        self._frame_clock.announce(_nanoseconds(message.header), message.frame_index)

    def _on_camera(self, message: CameraInfo) -> None:
        camera = camera_from_msg(message)
        if self._camera is None or camera.to_dict() != self._camera.to_dict():
            if self._estimator is not None:
                self._estimator.close()
            self._camera, self._estimator = camera, HandEstimator(camera, self._config)
        while self._waiting:
            self._bad.guard("image", self._estimate)(self._waiting.popleft())

    def _on_image(self, message: Image) -> None:
        if self._estimator is None:
            self._waiting.append(message)
            self._diagnostics.warn("waiting for camera_info")
            return
        self._estimate(message)

    def _estimate(self, message: Image) -> None:
        assert self._camera is not None and self._estimator is not None
        begin = time.monotonic()
        frame_index = self._frame_clock.index(_nanoseconds(message.header))
        if self._frame_clock.stream != self._streams:
            self._streams = self._frame_clock.stream
            self._estimator.reset()
        image = color_from_msg(message)
        self._camera.require_size(message.width, message.height, "the image")
        seen = self._estimator.estimate(self._camera.rectify(image), frame_index)
        size = (message.width, message.height)
        estimate = hand_to_msg(seen.estimate, message.header, frame_index, size, seen.mask)
        self._hands.publish(estimate)
        if self._markers.get_subscription_count():
            self._markers.publish(hand_markers(seen.estimate, estimate))
        self._frames, self._found = self._frames + 1, self._found + (seen.estimate is not None)
        self._diagnostics.ok("following a hand" if seen.estimate else "no hand in the image")
        self._diagnostics.show(frames=self._frames, frames_with_hand=self._found, side=estimate.side or "-")
        self._diagnostics.frame(time.monotonic() - begin)

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._estimator is not None:
            self._estimator.reset()
        response.success, response.message = True, "the next image starts a new track"
        return response


def _nanoseconds(header: Header) -> int:
    return header.stamp.sec * NANO + header.stamp.nanosec


def main() -> None:
    """Runs the node."""
    run_node(HandEstimatorNode)


if __name__ == "__main__":
    main()
