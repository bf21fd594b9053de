"""A video file as a camera: publishes `image`, `camera_info` and `video_info`.

With `lockstep` it waits for the `object_estimate` of a frame before it goes on, so that no frame is dropped however
slow the others are, and it begins when they are there. Stamps are the time of the first image plus the frame's time in
the video.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rhov_msgs.msg import ObjectEstimate, VideoInfo
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from rhov_core.camera import Camera
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.messages import camera_to_msg, image_to_msg, time_to_msg
from rhov_core.nodes import (
    QOS_OVERRIDES,
    Diagnostics,
    declare_config,
    latched_qos,
    run_node,
    stream_qos,
    subscribe_to_kept,
)
from rhov_core.video import VideoFrame, VideoReader

CAMERA_PERIOD = 1.0
"""While it waits for an estimate, `camera_info` is repeated so often [s]."""
QUEUE = 64
"""Announcements and estimates kept for slow receivers."""


@dataclass(frozen=True)
class VideoSourceConfig:
    """Settings of the source."""

    video_path: str = setting("", "the video file")
    camera_file: str = setting("", "ROS camera_info YAML; images are published without its distortion; empty: `focal`")
    focal: float = setting(0.0, "focal length [pixel]; 0: guess 1.2 times the larger image side", low=0.0)
    camera_frame: str = setting("camera_optical_frame", "frame_id of the images")
    start: int = setting(0, "first frame", low=0)
    count: int = setting(0, "number of frames; 0: all", low=0)
    rate: float = setting(0.0, "frames per second without lockstep; 0: that of the video", low=0.0)
    lockstep: int = setting(0, "frames in flight before it waits for estimates; 0: play at the video's rate", low=0)
    lockstep_timeout: float = setting(60.0, "how long it waits for an estimate before it goes on [s]", low=0.1)
    subscribers: int = setting(1, "subscribers of `image` to wait for before the first one", low=0)
    subscribers_timeout: float = setting(
        30.0,
        "how long it waits for them [s]; in lockstep it goes on waiting, for a publisher of `object_estimate` too, "
        "and says so",
        low=0.0,
    )
    settle: float = setting(0.5, "pause before the first frame, for other nodes to find each other [s]", low=0.0)

    def __post_init__(self) -> None:
        check_ranges(self)
        if not self.video_path:
            raise InputError("no video was given", "the path of a video file", "set the parameter video_path")


class VideoSource(Node):
    """Plays one video and then stays, so that late subscribers still get the latched `video_info`."""

    def __init__(self) -> None:
        super().__init__("video_source")
        self._config = config = declare_config(self, VideoSourceConfig)
        self._reader = VideoReader(config.video_path, config.start, config.count or None)
        info = self._reader.info
        size = info.width, info.height
        self._camera = Camera.choose(config.camera_file, config.focal, *size, f"'{config.video_path}'")
        self._header = Header(frame_id=config.camera_frame)
        self._estimated, self._flying = threading.Semaphore(config.lockstep), set[tuple[int, int]]()
        self._diagnostics = Diagnostics(self)
        stream = stream_qos(depth=max(5, 2 * config.lockstep))
        self._images = self.create_publisher(Image, "image", stream, qos_overriding_options=QOS_OVERRIDES)
        self._cameras = self.create_publisher(CameraInfo, "camera_info", stream, qos_overriding_options=QOS_OVERRIDES)
        self._infos = self.create_publisher(VideoInfo, "video_info", latched_qos(QUEUE))
        if config.lockstep:
            # an estimate must not be lost because its publisher has not found this node yet
            subscribe_to_kept(self, ObjectEstimate, "object_estimate", self._on_estimate, QUEUE)
        self._ending = threading.Event()
        self._timer = self.create_timer(0.0, self._play, callback_group=MutuallyExclusiveCallbackGroup())

    def end(self) -> int:
        """Stops playing before the node ends."""
        self._ending.set()
        self._estimated.release()
        return 0

    def _on_estimate(self, message: ObjectEstimate) -> None:
        """Counts the estimates of frames of this run; others may have been kept since a run before."""
        stamp = message.header.stamp.sec, message.header.stamp.nanosec
        if stamp in self._flying:
            self._flying.remove(stamp)
            self._estimated.release()

    def _play(self) -> None:
        """The whole video, in a thread of the executor."""
        self._timer.cancel()
        self._wait_for_others()
        begin, published = self.get_clock().now().nanoseconds * 1e-9, 0
        header = self._header
        started = time.monotonic()
        info = VideoInfo()
        try:
            for frame in self._reader:
                if not self._may_go_on(frame, started):
                    return
                header.stamp = time_to_msg(begin + frame.stamp)
                if self._config.lockstep:
                    self._flying.add((header.stamp.sec, header.stamp.nanosec))
                published += 1
                info = self._info(header, VideoInfo.STREAMING, frame.frame_index, published)
                self._infos.publish(info)
                self._cameras.publish(camera_to_msg(self._camera.rectified(), header))
                self._images.publish(image_to_msg(self._camera.rectify(frame.image), "bgr8", header))
                self._diagnostics.frame(0.0)
                self._diagnostics.show(frames=published, announced=self._reader.info.frames_announced)
            info = self._info(header, VideoInfo.ENDED, info.frame_index, published)
            info.message = f"{published} frames were published"
        except InputError as error:
            info = self._info(header, VideoInfo.FAILED, info.frame_index, published)
            info.message = str(error)
            self.get_logger().error(str(error))
        self._infos.publish(info)
        self._diagnostics.ok("the video has ended")

    def _wait_for_others(self) -> None:
        """Waits for those who get the images and, in lockstep, for who estimates: what it misses it never answers."""
        config, deadline = self._config, time.monotonic() + self._config.subscribers_timeout
        while not self._ending.wait(0.02):
            seen = self._images.get_subscription_count()
            answered = not config.lockstep or self.count_publishers("object_estimate") > 0
            if seen >= config.subscribers and answered:
                break
            if time.monotonic() > deadline:
                missing = "" if answered else ", and nobody publishes 'object_estimate'"
                found = f"Only {seen} of {config.subscribers} subscribers of 'image' came{missing}"
                if not config.lockstep:
                    self.get_logger().warning(f"{found}; starting anyway.")
                    break
                self.get_logger().warning(f"{found}; waiting for them. With lockstep 0 nobody is waited for.")
                deadline = math.inf
        self._ending.wait(config.settle)

    def _may_go_on(self, frame: VideoFrame, started: float) -> bool:
        """Waits until it is time for a frame; False if the node ends."""
        config = self._config
        if config.lockstep:
            deadline = time.monotonic() + config.lockstep_timeout
            while not self._estimated.acquire(timeout=CAMERA_PERIOD):
                if time.monotonic() > deadline:
                    silence = f"No estimate came for {config.lockstep_timeout:g} s"
                    self.get_logger().warning(f"{silence}; frame {frame.frame_index} is published anyway.")
                    break
                # perhaps a node that came late waits for the camera
                self._cameras.publish(camera_to_msg(self._camera.rectified(), self._header))
        else:
            rate = config.rate / self._reader.info.fps if config.rate else 1.0
            first = config.start / self._reader.info.fps
            self._ending.wait(max(0.0, (frame.stamp - first) / rate - (time.monotonic() - started)))
        return not self._ending.is_set()

    def _info(self, header: Header, state: int, frame_index: int, published: int) -> VideoInfo:
        return VideoInfo(
            header=header,
            state=state,
            frame_index=frame_index,
            frame_count=published,
            frames_announced=self._reader.info.frames_announced,
            frames_skipped=self._reader.frames_skipped if state == VideoInfo.ENDED else 0,
            frame_rate=self._reader.info.fps,
            source=self._config.video_path,
        )


def main() -> None:
    """Runs the node."""
    run_node(VideoSource, threads=3, on_signal=VideoSource.end)


if __name__ == "__main__":
    main()
