"""Leads a run from the video to the robot: waits for the reconstruction, has it imitated and replayed, and reports.

It only uses the public actions and topics of the other nodes, as any user could.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Imitate, Reconstruct, Replay
from rhov_msgs.msg import HandEstimate, ObjectEstimate, TrackingEvent, VideoInfo
from sensor_msgs.msg import CameraInfo

from rhov.collected import CollectedEstimates
from rhov.final_report import merge_reports, summary_lines
from rhov.stages import StageProgress
from rhov_core import messages
from rhov_core.camera import Camera
from rhov_core.config import check_ranges, setting
from rhov_core.errors import RhovError
from rhov_core.nodes import (
    BadMessages,
    StopNode,
    ThreadSafeActionClient,
    declare_config,
    latched_qos,
    run_node,
    stream_qos,
)

SUCCEEDED = 4  # action_msgs/GoalStatus.STATUS_SUCCEEDED


@dataclass(frozen=True)
class CoordinatorConfig:
    """Settings of the coordinator."""

    video_path: str = setting("", "video that is being reconstructed; needed for the overlay")
    camera_file: str = setting("", "ROS camera_info YAML of the video; empty: use `focal`")
    focal: float = setting(0.0, "focal length [pixel]; 0: guess", low=0.0)
    mesh_file_path: str = setting("", "mesh of the object [m]")
    output_directory: str = setting("out/pipeline", "folder for the results")
    imitate: bool = setting(True, "have the trajectory imitated")
    replay: bool = setting(True, "have the motion replayed")
    method: str = setting("plan", "how the robot motion is found: plan or train")
    speed: float = setting(0.0, "fraction of the planned speed; 0: 1 in simulation, 0.2 on a robot", low=0.0, high=1.0)
    server_timeout: float = setting(120.0, "how long to wait for another node to appear [s]", low=1.0)
    stall_timeout: float = setting(120.0, "give up when nothing happens for so long [s]", low=1.0)

    def __post_init__(self) -> None:
        check_ranges(self)


def make_products(*given: Any) -> None:
    """`rhov.products.make_products`, for a process of its own."""
    from rhov.products import make_products  # torch and matplotlib are slow to import, and only that process needs them

    make_products(*given)


class Coordinator(Node):
    """Runs the stages one after another in a callback of its own."""

    def __init__(self) -> None:
        super().__init__("coordinator")
        self._config = declare_config(self, CoordinatorConfig)
        self._out = Path(self._config.output_directory)
        self._progress = StageProgress()
        self._collected = CollectedEstimates()
        self._camera: Any = None
        self._object_name = Path(self._config.mesh_file_path).stem
        self._video_state = VideoInfo()
        self._reconstructed = self._finished = False
        self._last_activity = time.monotonic()
        self._bad = BadMessages(self)
        group = ReentrantCallbackGroup()
        for kind, topic, callback, qos in (
            (CameraInfo, "camera_info", self._on_camera, stream_qos()),
            (VideoInfo, "video_info", self._on_video, latched_qos()),
            (HandEstimate, "hand", self._on_hand, stream_qos(depth=50)),
            (ObjectEstimate, "object_estimate", self._on_object, stream_qos(depth=50)),
            (TrackingEvent, "events", self._on_event, stream_qos(depth=50)),
        ):
            guarded = self._bad.guard(topic, callback)
            self.create_subscription(kind, topic, guarded, qos, callback_group=group)
        self._reconstruct = ThreadSafeActionClient(self, Reconstruct, "reconstruct", callback_group=group)
        self._imitate = ThreadSafeActionClient(self, Imitate, "imitate", callback_group=group)
        self._replay = ThreadSafeActionClient(self, Replay, "replay", callback_group=group)
        self._start = self.create_timer(0.1, self._run, callback_group=MutuallyExclusiveCallbackGroup())

    def _on_camera(self, message: CameraInfo) -> None:
        if self._camera is None:
            self._camera = messages.camera_from_msg(message)

    def _on_video(self, message: VideoInfo) -> None:
        self._video_state = message
        if message.state == VideoInfo.FAILED:
            raise StopNode(2, f"rhov: {message.message}")

    def _on_hand(self, message: HandEstimate) -> None:
        self._last_activity = time.monotonic()
        hand = messages.hand_from_msg(message)
        if hand is not None:
            self._collected.add_hand(message.frame_index, hand)

    def _on_object(self, message: ObjectEstimate) -> None:
        self._last_activity = time.monotonic()
        self._collected.add_object(messages.object_estimate_from_msg(message))
        self._object_name = message.object_name or self._object_name

    def _on_event(self, message: TrackingEvent) -> None:
        if message.type == TrackingEvent.FAILED:
            raise StopNode(1, f"rhov: {message.detail}")
        if message.type in (TrackingEvent.LOST, TrackingEvent.REINITIALISED):
            self._progress.say(f"  frame {message.frame_index}: {message.detail}")

    def _run(self) -> None:
        """The stages, in order."""
        self._start.cancel()
        config, started = self._config, time.monotonic()
        with self._progress, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            reconstruct = Reconstruct.Goal(wait_for_end=True, output_directory=str(self._out))
            reconstruction = self._call(self._reconstruct, reconstruct, "reconstruct")
            self._reconstructed = True
            products = self._make_products(pool)
            if config.imitate:
                self._imitate_and_replay(reconstruction.trajectory)
            if products is not None:
                self._wait_for_products(products)
        report = merge_reports(self._out, self._progress.seconds, time.monotonic() - started, self._camera_notes())
        self._finished = True
        for line in summary_lines(self._out, report):
            self._progress.say(line)
        raise StopNode(0)

    def _camera_notes(self) -> tuple[str, ...]:
        """What the user has to know about the video's camera; other images come with a camera of their own."""
        config = self._config
        return Camera.choice_notes(config.camera_file, config.focal, self._camera) if config.video_path else ()

    def _imitate_and_replay(self, trajectory: Any) -> None:
        config, folder = self._config, self._out / "imitation"
        goal = Imitate.Goal(
            trajectory=trajectory,
            mesh_file_path=config.mesh_file_path,
            method=config.method,
            output_directory=str(folder),
        )
        self._call(self._imitate, goal, "imitate")
        if config.replay:
            self._call(self._replay, Replay.Goal(directory=str(folder), speed=config.speed), "replay")

    def _make_products(self, pool: ProcessPoolExecutor) -> Future[None] | None:
        """Starts the overlay and the plots in another process, so that the robot need not wait for them."""
        config = self._config
        if not config.video_path:
            return None
        self._progress.update("overlay and plots", -1)
        size = (int(self._camera.width), int(self._camera.height))
        camera = Camera.choose(config.camera_file, config.focal, *size, config.video_path)
        return pool.submit(make_products, self._out, config.video_path, config.mesh_file_path, camera)

    def _wait_for_products(self, products: Future[None]) -> None:
        try:
            products.result(timeout=self._config.stall_timeout)
        except (RhovError, OSError, TimeoutError) as error:
            raise self._failure(f"the overlay and the plots could not be made: {error}") from error
        self._progress.done("overlay and plots")

    def _call(self, client: ThreadSafeActionClient, goal: Any, stage: str) -> Any:
        """Sends a goal, shows its feedback and returns its result; fails when nothing happens for too long."""
        self._progress.update(stage, -1, "waiting for the node")
        if not client.wait_for_server(self._config.server_timeout):
            raise self._failure(f"no node offers '{stage}' after {self._config.server_timeout:.0f} s")
        self._last_activity = time.monotonic()
        handle = self._wait(client.send_goal_async(goal, feedback_callback=self._show(stage)), stage)
        if not handle.accepted:
            raise self._failure(f"'{stage}' was refused")
        answer = self._wait(handle.get_result_async(), stage)
        if answer.status != SUCCEEDED or not answer.result.success:
            raise self._failure(answer.result.message or f"'{stage}' ended with status {answer.status}")
        self._progress.done(stage, answer.result.message)
        return answer.result

    def _show(self, stage: str) -> Any:
        def show(message: Any) -> None:
            self._last_activity = time.monotonic()
            feedback = message.feedback
            counts = ""
            if hasattr(feedback, "frames_total"):
                counts = f" {feedback.frames_done}/{feedback.frames_total or '?'} frames"
            self._progress.update(stage, feedback.progress, feedback.stage + counts)

        return show

    def _wait(self, future: Any, stage: str) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        while not done.wait(0.2):
            if time.monotonic() - self._last_activity > self._config.stall_timeout:
                raise self._failure(f"nothing has happened for {self._config.stall_timeout:.0f} s while in '{stage}'")
        return future.result()

    def _failure(self, reason: str) -> StopNode:
        """Keeps what was estimated and makes the exception that ends the node."""
        kept = self._keep(reason)
        return StopNode(1, f"rhov: {reason}{kept}")

    def _keep(self, reason: str) -> str:
        if self._reconstructed:
            return ""
        folder = self._collected.save_partial(self._out, self._object_name, self._camera, reason)
        return f"; the {len(self._collected)} frames estimated so far are in {folder}" if folder else ""

    def interrupted(self) -> int:
        """Called on SIGINT and SIGTERM: keeps what there is."""
        kept = self._keep("interrupted")
        if kept:
            self._progress.say(f"rhov: interrupted{kept}")
        return 0 if self._finished else 1


def main() -> None:
    """Entry point."""
    run_node(Coordinator, threads=4, on_signal=Coordinator.interrupted)


if __name__ == "__main__":
    main()
