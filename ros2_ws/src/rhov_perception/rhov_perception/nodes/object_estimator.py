"""Images and hands in, one `ObjectCues` for each image out; segments again on request.

Subscribes to `image`, `hand`, `camera_info` and `video_info`; publishes `object_cues`; offers the service
`segment_object` and `~/reset`.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Literal

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rhov_msgs.msg import HandEstimate, ObjectCues, ObjectEstimate, VideoInfo
from rhov_msgs.srv import SegmentObject
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.camera import Camera
from rhov_core.config import check_ranges, setting
from rhov_core.cues import FrameCues
from rhov_core.cues import HandEstimate as Hand
from rhov_core.errors import InputError
from rhov_core.frame_clock import FrameClock
from rhov_core.messages import (
    camera_from_msg,
    color_from_msg,
    hand_from_msg,
    hand_mask_from_msg,
    mask_from_msg,
    mask_to_msg,
    object_cues_to_msg,
    time_from_msg,
)
from rhov_core.nodes import (
    QOS_OVERRIDES,
    BadMessages,
    Diagnostics,
    StopNode,
    declare_config,
    estimate_qos,
    latched_qos,
    run_node,
    stream_qos,
    subscribe_to_kept,
)
from rhov_perception.object import ObjectEstimator, ObjectEstimatorConfig

NANO = 1_000_000_000
ANNOUNCEMENTS = 64
HANDS_KEPT = 64
CHECK_PERIOD = 0.1
"""How often images that wait for their hand are looked at [s]."""


@dataclass(frozen=True)
class ObjectNodeConfig:
    """Settings of the node; those of the estimation are `ObjectEstimatorConfig`."""

    box: tuple[int, ...] = setting((), "x, y, width, height around the object in the first frame [pixel]")
    image_reliability: Literal["reliable", "best_effort"] = setting(
        "reliable", "reliable: no frame is lost (files, lockstep); best_effort: for a live camera"
    )
    queue_size: int = setting(5, "images that wait while one is processed; 1 drops rather than lags", low=1, high=1000)
    hand_timeout: float = setting(
        0.5, "how long an image waits for its hand [s]; 0: there is no hand estimator", low=0.0
    )
    estimate_timeout: float = setting(
        0.0,
        "how long an image waits for the `object_estimate` of the one before [s], so that `segment_object` for that "
        "one is always answered first, as in the library; 0: it does not wait",
        low=0.0,
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if len(self.box) != 4 or min(self.box[2:]) <= 0:
            raise InputError(
                f"the box is {list(self.box)}",
                "x, y, width, height around the object in the first frame [pixel]",
                "look at the first frame and set the parameter box",
            )


class ObjectEstimatorNode(Node):
    """Translates between topics and `rhov_perception.object`."""

    def __init__(self) -> None:
        super().__init__("object_estimator")
        self._config = declare_config(self, ObjectNodeConfig)
        self._estimation = declare_config(self, ObjectEstimatorConfig, "object")
        self._frame_clock, self._streams = FrameClock(), 0
        self._camera: Camera | None = None
        self._estimator: ObjectEstimator | None = None
        self._started = False
        self._images: deque[tuple[float, Image]] = deque(maxlen=self._config.queue_size)
        self._hands: OrderedDict[int, HandEstimate] = OrderedDict()
        self._awaited: tuple[int, float] | None = None  # stamp of the last cues and when they were published
        self._bad = BadMessages(self)
        self._diagnostics = Diagnostics(self, self._bad)
        self._listen()

    def _listen(self) -> None:
        # one group: the estimator is not to be used by two threads
        group = MutuallyExclusiveCallbackGroup()
        stream = stream_qos(self._config.image_reliability, self._config.queue_size)
        self._cues = self.create_publisher(
            ObjectCues, "object_cues", estimate_qos(), qos_overriding_options=QOS_OVERRIDES
        )
        for kind, topic, callback, qos in (
            (VideoInfo, "video_info", self._on_video, latched_qos(ANNOUNCEMENTS)),
            (CameraInfo, "camera_info", self._on_camera, stream),
            (Image, "image", self._on_image, stream),
        ):
            self.create_subscription(
                kind,
                topic,
                self._bad.guard(topic, callback),
                qos,
                callback_group=group,
                qos_overriding_options=QOS_OVERRIDES,
            )
        # hand and estimate of the first image must not be lost while the nodes find each other
        for kind, topic, callback in (
            (HandEstimate, "hand", self._on_hand),
            (ObjectEstimate, "object_estimate", self._on_estimate),
        ):
            subscribe_to_kept(
                self,
                kind,
                topic,
                self._bad.guard(topic, callback),
                HANDS_KEPT,
                callback_group=group,
                qos_overriding_options=QOS_OVERRIDES,
            )
        self.create_service(SegmentObject, "segment_object", self._on_segment, callback_group=group)
        self.create_service(Trigger, "~/reset", self._on_reset, callback_group=group)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # so that a paused /clock does not hold images back
        self._timer = self.create_timer(CHECK_PERIOD, self._process, callback_group=group, clock=steady)

    def _on_video(self, message: VideoInfo) -> None:
        self._frame_clock.announce(_nanoseconds(message.header), message.frame_index)

    def _on_camera(self, message: CameraInfo) -> None:
        camera = camera_from_msg(message)
        if self._camera is None or camera.to_dict() != self._camera.to_dict():
            self._camera, self._started = camera, False
            self._estimator = ObjectEstimator(camera.rectified(), self._estimation)
        self._process()

    def _on_hand(self, message: HandEstimate) -> None:
        self._hands[_nanoseconds(message.header)] = message
        while len(self._hands) > HANDS_KEPT:
            self._hands.popitem(last=False)
        self._process()

    def _on_estimate(self, message: ObjectEstimate) -> None:
        if self._awaited is not None and _nanoseconds(message.header) >= self._awaited[0]:
            self._awaited = None
        self._process()

    def _on_image(self, message: Image) -> None:
        self._images.append((time.monotonic(), message))
        self._process()

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._started = False
        response.success, response.message = True, "the next image is taken for the first, with the same box"
        return response

    def _process(self) -> None:
        """Takes the images whose hand has come, or will not come in time."""
        if self._estimator is None:
            if self._images:
                self._diagnostics.warn("waiting for camera_info")
            return
        while self._images:
            since, image = self._images[0]
            now, stamp = time.monotonic(), _nanoseconds(image.header)
            if self._awaited is not None and now - self._awaited[1] < self._config.estimate_timeout:
                return
            if stamp not in self._hands and self._hand_may_come() and now - since < self._config.hand_timeout:
                return
            self._images.popleft()
            try:
                self._estimate(image, self._hands.pop(stamp, None))
            except InputError as error:
                self._bad.report("image", error)

    def _hand_may_come(self) -> bool:
        """Whether a hand estimator is there. The first image waits in any case: nodes take time to find each other."""
        return not self._started or self.count_publishers("hand") > 0

    def _estimate(self, message: Image, hand: HandEstimate | None) -> None:
        assert self._camera is not None and self._estimator is not None
        begin = time.monotonic()
        frame_index = self._frame_clock.index(_nanoseconds(message.header))
        if self._frame_clock.stream != self._streams:
            self._streams, self._started = self._frame_clock.stream, False
        image = self._camera.rectify(color_from_msg(message))
        self._camera.require_size(message.width, message.height, "the image")
        seen, hand_mask = None, None
        if hand is not None:
            try:
                seen, hand_mask = hand_from_msg(hand), hand_mask_from_msg(hand)
            except InputError as error:
                self._bad.report("hand", error)
        stamp = time_from_msg(message.header.stamp)
        if self._started:
            cues = self._estimator.step(image, frame_index, stamp, seen, hand_mask)
        else:
            cues = self._start(image, frame_index, stamp, seen, hand_mask)
        self._awaited = (_nanoseconds(message.header), time.monotonic())
        self._cues.publish(object_cues_to_msg(cues, message.header))
        self._diagnostics.ok("following the object" if cues.object_mask is not None else "no object in the image")
        self._diagnostics.show(mask_score=f"{cues.mask_score:.2f}", flow_tracks=len(cues.flow_target))
        self._diagnostics.frame(time.monotonic() - begin)

    def _start(
        self,
        image: ByteArray,
        frame_index: int,
        stamp: float,
        hand: Hand | None,
        hand_mask: BoolArray | None,
    ) -> FrameCues:
        """The first frame. A box that cannot be used is the user's mistake and ends the node."""
        assert self._estimator is not None
        x, y, width, height = self._config.box
        try:
            cues = self._estimator.start(image, frame_index, stamp, (x, y, width, height), hand, hand_mask)
        except InputError as error:
            raise StopNode(2, str(error)) from error
        self._started = True
        for note in self._estimator.notes:
            self.get_logger().warning(note)
        return cues

    def _on_segment(self, request: SegmentObject.Request, response: SegmentObject.Response) -> SegmentObject.Response:
        try:
            silhouette = mask_from_msg(request.silhouette)
            if silhouette is None or self._estimator is None:
                given = "there is no silhouette in the request" if self._estimator else "no image has come yet"
                raise InputError(given, "a silhouette (mono8) of a recent frame", "send one")
            mask = self._estimator.segment(request.frame_index, silhouette, request.band)
            if mask is None:
                given = f"frame {request.frame_index} is not held any more"
                raise InputError(given, "one of the last frames", "ask sooner")
        except InputError as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.mask = True, mask_to_msg(mask, Header())
        return response


def _nanoseconds(header: Header) -> int:
    return header.stamp.sec * NANO + header.stamp.nanosec


def main() -> None:
    """Runs the node."""
    run_node(ObjectEstimatorNode, threads=2)


if __name__ == "__main__":
    main()
