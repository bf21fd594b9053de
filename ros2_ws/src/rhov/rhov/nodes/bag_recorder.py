"""Records the topics of a run to an MCAP bag that rosbag2 and Foxglove open, without needing rosbag2 itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from rhov.bag_types import typestore
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.files import output_directory
from rhov_core.nodes import declare_config, run_node, stream_qos, subscribe_to_kept

DEFAULT_TOPICS = (
    "camera_info sensor_msgs/msg/CameraInfo",
    "video_info rhov_msgs/msg/VideoInfo latched",
    "hand rhov_msgs/msg/HandEstimate latched",
    "object_cues rhov_msgs/msg/ObjectCues latched",
    "object_estimate rhov_msgs/msg/ObjectEstimate latched",
    "object_pose geometry_msgs/msg/PoseWithCovarianceStamped latched",
    "events rhov_msgs/msg/TrackingEvent latched",
    "trajectory rhov_msgs/msg/HandObjectTrajectory latched",
    "object_path nav_msgs/msg/Path latched",
    "joint_states sensor_msgs/msg/JointState",
    "object_pose_sim geometry_msgs/msg/PoseStamped",
    "/tf tf2_msgs/msg/TFMessage",
    "/tf_static tf2_msgs/msg/TFMessage latched",
    "/diagnostics diagnostic_msgs/msg/DiagnosticArray",
)
QUIET_SECONDS = 0.3
"""After a signal, a pause this long means that nothing more comes [s]."""
DRAIN_SECONDS = 2.0
"""After a signal, it goes on for this long at most [s]."""
EXTRA_PACKAGES = ("rhov_msgs", "tf2_msgs", "control_msgs")


@dataclass(frozen=True)
class RecorderConfig:
    """Settings of the recorder."""

    path: str = setting("bag", "folder of the bag; a number is appended if it exists")
    topics: tuple[str, ...] = setting(
        DEFAULT_TOPICS,
        "topics, each as `name package/msg/Type`; followed by `latched`, what was published before is asked for too",
    )
    depth: int = setting(200, "messages kept while the disk is slow", low=1)

    def __post_init__(self) -> None:
        check_ranges(self)
        for topic in self.topics:
            parse_topic(topic)


def parse_topic(text: str) -> tuple[str, str, bool]:
    """Name, type and whether it is latched, of a topic written as in `RecorderConfig.topics`.

    Raises:
        InputError: If it is written otherwise.
    """
    words = text.split()
    if len(words) not in (2, 3) or words[1].count("/") != 2 or (len(words) == 3 and words[2] != "latched"):
        raise InputError(f"the topic is '{text}'", "`name package/msg/Type [latched]`", "correct it")
    return words[0], words[1], len(words) == 3


def free_path(path: str | Path) -> Path:
    """The path, or the first of path_1, path_2 ... that does not exist."""
    candidate, number = Path(path), 0
    while candidate.exists():
        number += 1
        candidate = Path(f"{path}_{number}")
    return candidate


class BagRecorder(Node):
    """Writes serialised messages as they come; the bag is complete when the node ends."""

    def __init__(self) -> None:
        super().__init__("bag_recorder")
        config = declare_config(self, RecorderConfig)
        path = free_path(config.path)
        output_directory(path.parent)
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self._latest = 0.0
        store = typestore(EXTRA_PACKAGES)
        for topic in config.topics:
            name, kind, latched = parse_topic(topic)
            package, _, short = kind.split("/")
            message = getattr(import_module(f"{package}.msg"), short)
            connection = self._writer.add_connection(self.resolve_topic_name(name), kind, typestore=store)
            record = partial(self._record, connection)
            if latched:
                subscribe_to_kept(self, message, name, record, config.depth, raw=True)
            else:
                self.create_subscription(message, name, record, stream_qos(depth=config.depth), raw=True)
        self.get_logger().info(f"recording {len(config.topics)} topics to {path}")

    def _record(self, connection: Any, data: bytes) -> None:
        self._writer.write(connection, self.get_clock().now().nanoseconds, data)
        self._latest = time.monotonic()

    def drain(self) -> int:
        """Waits for what is still on its way; returns the exit status."""
        begin = time.monotonic()
        while time.monotonic() - begin < DRAIN_SECONDS and time.monotonic() - max(begin, self._latest) < QUIET_SECONDS:
            time.sleep(0.02)
        return 0

    def destroy_node(self) -> None:
        """Completes the bag."""
        self._writer.close()
        super().destroy_node()


def main() -> None:
    """Entry point."""
    run_node(BagRecorder, on_signal=BagRecorder.drain)


if __name__ == "__main__":
    main()
