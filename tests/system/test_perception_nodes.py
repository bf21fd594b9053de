"""Video source and object estimator as processes of their own, with this test as hand estimator and tracker."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rhov_msgs.msg import HandEstimate, ObjectCues, ObjectEstimate, VideoInfo
from rhov_msgs.srv import SegmentObject
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from rhov_core.camera import Camera
from rhov_core.frame_clock import FrameClock
from rhov_core.messages import (
    camera_from_msg,
    color_from_msg,
    frame_cues_from_msg,
    hand_to_msg,
    mask_from_msg,
    mask_to_msg,
)
from rhov_core.nodes import estimate_qos, latched_qos, stream_qos
from rhov_core.video import VideoReader, VideoWriter
from rhov_perception.object import ObjectEstimator

sys.path.insert(0, str(Path(__file__).parents[1] / "rhov_perception" / "object"))
from moving_card import HEIGHT, WIDTH, box_of, overlap, render  # the clip of the library's tests

pytestmark = pytest.mark.system

FRAMES = 14
START = 3
FOCAL = 300.0


@pytest.fixture(scope="module")
def truth():
    return [render(k) for k in range(FRAMES)]


@pytest.fixture(scope="module")
def clip(truth, tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "card.mp4"
    with VideoWriter(path, 30, (WIDTH, HEIGHT), crf=5) as writer:
        for frame in truth:
            writer.write(frame.image)
    return path


def launch(executable, *parameters):
    command = [sys.executable, "-m", f"rhov_perception.nodes.{executable}", "--ros-args"]
    for parameter in parameters:
        command += ["-p", parameter]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def started():
    """Starts nodes; each must end by itself on SIGINT, with status 0 and without a traceback."""
    processes = []

    def start(*arguments):
        processes.append(launch(*arguments))
        return processes[-1]

    yield start
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            output, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            output = f"it did not end\n{process.communicate()[0]}"
        assert process.returncode == 0 and "Traceback" not in output, output


class Watcher:
    """Collects what the nodes publish and answers like the rest of the system."""

    def __init__(self, ros, truth=None, answer=True):
        self.node = ros.add(Node("watcher"))
        self.truth, self.answer = truth, answer
        self.clock, self.images, self.infos, self.cameras, self.cues = FrameClock(), [], [], [], []
        self.lock = threading.Lock()
        qos = stream_qos(depth=64)
        self.hands = self.node.create_publisher(HandEstimate, "hand", estimate_qos())
        self.estimates = self.node.create_publisher(ObjectEstimate, "object_estimate", qos)
        self.node.create_subscription(VideoInfo, "video_info", self.on_info, latched_qos(64))
        self.node.create_subscription(CameraInfo, "camera_info", self.cameras.append, qos)
        self.node.create_subscription(Image, "image", self.on_image, qos)
        self.node.create_subscription(ObjectCues, "object_cues", self.on_cues, qos)
        self.segment = self.node.create_client(SegmentObject, "segment_object")
        self.reset = self.node.create_client(Trigger, "object_estimator/reset")

    def on_info(self, message):
        self.clock.announce(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec, message.frame_index)
        self.infos.append(message)

    def on_image(self, message):
        with self.lock:
            index = self.clock.index(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)
            self.images.append((index, message))
        if self.truth is not None:
            mask = self.truth[index].hand_mask
            self.hands.publish(hand_to_msg(None, message.header, index, (WIDTH, HEIGHT), mask))
        elif self.answer:
            self.say(message.header)

    def on_cues(self, message):
        self.cues.append(message)
        if self.answer:
            self.say(message.header)

    def say(self, header):
        estimate = ObjectEstimate(header=header)
        estimate.pose.pose.orientation.w = 1.0
        self.estimates.publish(estimate)

    def ended(self):
        return bool(self.infos) and self.infos[-1].state != VideoInfo.STREAMING


def ask(ros, client, request):
    assert client.wait_for_service(10)
    future = client.call_async(request)
    assert ros.wait_for(future.done, 15)
    return future.result()


def test_video_is_published_completely_and_in_order(ros, started, clip):
    watcher = Watcher(ros)
    started("video_source", f"video_path:={clip}", f"focal:={FOCAL}", "lockstep:=2", f"start:={START}")
    assert ros.wait_for(lambda: watcher.ended() and len(watcher.images) == FRAMES - START, 30)
    frames = list(VideoReader(clip, start=START))
    assert [index for index, _ in watcher.images] == [frame.frame_index for frame in frames]
    begin = watcher.images[0][1].header.stamp
    for (_, message), frame in zip(watcher.images, frames, strict=True):
        np.testing.assert_array_equal(color_from_msg(message), frame.image)
        stamp = message.header.stamp
        seconds = stamp.sec - begin.sec + 1e-9 * (stamp.nanosec - begin.nanosec)
        assert seconds == pytest.approx(frame.stamp - frames[0].stamp, abs=1e-6)
    assert camera_from_msg(watcher.cameras[0]).fx == FOCAL

    def stamp_of(message):
        return message.header.stamp.sec, message.header.stamp.nanosec

    # while it waits for an estimate, as on a busy machine, the last one is repeated
    assert {stamp_of(one) for one in watcher.cameras} == {stamp_of(message) for _, message in watcher.images}
    last = watcher.infos[-1]
    assert (last.state, last.frame_count, last.frame_index) == (VideoInfo.ENDED, FRAMES - START, FRAMES - 1)
    assert (last.frames_announced, last.frames_skipped, last.frame_rate) == (FRAMES, 0, 30)


def test_lockstep_waits_for_estimates(ros, started, clip):
    watcher = Watcher(ros, answer=False)
    started("video_source", f"video_path:={clip}", "lockstep:=2")
    assert ros.wait_for(lambda: len(watcher.images) == 2, 30)
    assert not ros.wait_for(lambda: len(watcher.images) > 2, 1.0), "a third frame came without an estimate"
    watcher.say(watcher.images[0][1].header)
    assert ros.wait_for(lambda: len(watcher.images) == 3, 10)
    assert not ros.wait_for(lambda: len(watcher.images) > 3, 1.0)


def test_nothing_is_published_before_someone_can_answer(ros, started, clip):
    node, images = ros.add(Node("listener")), []
    node.create_subscription(Image, "image", images.append, stream_qos(depth=64))
    started("video_source", f"video_path:={clip}", "lockstep:=2", "settle:=0.0", "subscribers_timeout:=0.3")
    assert ros.wait_for(lambda: node.count_publishers("image") == 1, 20)
    assert not ros.wait_for(lambda: images, 1.5)
    node.create_publisher(ObjectEstimate, "object_estimate", stream_qos(depth=64))
    assert ros.wait_for(lambda: len(images) == 2, 10)


class Unknown:
    """A publisher of an estimate in a ROS context of its own, which finds the others only after it has published."""

    def __init__(self, header):
        self.context = Context()
        rclpy.init(context=self.context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = Node("unknown", context=self.context)
        estimate = ObjectEstimate(header=header)
        estimate.pose.pose.orientation.w = 1.0
        self.node.create_publisher(ObjectEstimate, "object_estimate", estimate_qos()).publish(estimate)

    def close(self):
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


def test_an_estimate_from_before_its_publisher_was_found_counts(ros, started, clip, truth):
    watcher, unknown = Watcher(ros, truth), []
    watcher.node.destroy_publisher(watcher.estimates)
    watcher.node.create_publisher(ObjectEstimate, "object_estimate", estimate_qos())  # the nodes wait for one
    watcher.say = lambda header: unknown.append(Unknown(header))
    box = list(box_of(truth[0].silhouette))
    started("object_estimator", f"box:={box}", "hand_timeout:=90.0", "estimate_timeout:=90.0")
    lockstep = ("lockstep:=2", "lockstep_timeout:=90.0", "subscribers:=2", "count:=4")
    started("video_source", f"video_path:={clip}", *lockstep)
    try:
        assert ros.wait_for(lambda: watcher.ended() and len(watcher.cues) == 4, 60)
    finally:
        for one in unknown:
            one.close()


def test_late_subscriber_learns_that_the_video_has_ended(ros, started, clip):
    early = Watcher(ros)
    started("video_source", f"video_path:={clip}", "lockstep:=0", "rate:=1000.0")
    assert ros.wait_for(early.ended, 30)
    late = Watcher(ros)
    assert ros.wait_for(late.ended, 10)


@pytest.mark.parametrize(
    ("executable", "parameters", "sentence"),
    [
        ("video_source", ("video_path:=/no/such/file.mp4",), "there is no file"),
        ("video_source", (), "no video was given"),
        ("object_estimator", ("box:=[10, 10, 0, 5]",), "the box is"),
        ("object_estimator", ("box:=[10, 10, 30, 50]", "object.mask_band:=0"), "mask_band is 0"),
        ("object_estimator", ("box:=[10, 10, 30, 50]", "object.bamd:=3"), "is no parameter"),
    ],
)
def test_bad_parameters_end_the_node_with_one_sentence(executable, parameters, sentence):
    process = launch(executable, *parameters)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2 and sentence in output and "Traceback" not in output, output


def test_box_that_the_image_refuses_ends_the_node(ros, clip):
    watcher = Watcher(ros)
    source = launch("video_source", f"video_path:={clip}", "lockstep:=1", "subscribers:=2")
    estimator = launch("object_estimator", "box:=[300, 10, 50, 50]")
    try:
        output, _ = estimator.communicate(timeout=30)
        assert estimator.returncode == 2 and "reaches outside the image" in output, output
        assert watcher.images
    finally:
        source.send_signal(signal.SIGINT)
        source.communicate(timeout=20)


def library_cues(clip, truth):
    estimator, cues = ObjectEstimator(Camera.from_focal(FOCAL, WIDTH, HEIGHT)), []
    for frame in VideoReader(clip):
        hand = truth[frame.frame_index].hand_mask
        if cues:
            cues.append(estimator.step(frame.image, frame.frame_index, frame.stamp, None, hand))
        else:
            box = box_of(truth[0].silhouette)
            cues.append(estimator.start(frame.image, frame.frame_index, frame.stamp, box, None, hand))
    return estimator, cues


def test_nodes_give_the_same_cues_as_the_library_and_segment_again(ros, started, clip, truth):
    watcher = Watcher(ros, truth)
    box = list(box_of(truth[0].silhouette))
    started("object_estimator", f"box:={box}", "hand_timeout:=20.0", "estimate_timeout:=20.0")
    started("video_source", f"video_path:={clip}", f"focal:={FOCAL}", "lockstep:=2", "subscribers:=2")
    assert ros.wait_for(lambda: watcher.ended() and len(watcher.cues) == FRAMES, 60)
    estimator, expected = library_cues(clip, truth)
    for message, cues in zip(watcher.cues, expected, strict=True):
        got = frame_cues_from_msg(message)
        assert got.frame_index == cues.frame_index and got.mask_score == pytest.approx(cues.mask_score, abs=1e-6)
        np.testing.assert_array_equal(got.object_mask, cues.object_mask)
        np.testing.assert_array_equal(got.cover_mask, cues.cover_mask)
        np.testing.assert_allclose(got.flow_target, cues.flow_target, atol=1e-4)
        np.testing.assert_allclose(got.feature_positions, cues.feature_positions, atol=1e-4)
        np.testing.assert_array_equal(got.feature_descriptors, cues.feature_descriptors)
        np.testing.assert_array_equal(got.crop.pixels, cues.crop.pixels)
        assert (got.crop.x0, got.crop.y0, got.crop.step) == (cues.crop.x0, cues.crop.y0, cues.crop.step)
    newest, wrong = FRAMES - 1, np.roll(truth[FRAMES - 1].silhouette, (4, -3), (0, 1))
    request = SegmentObject.Request(
        frame_index=newest, band=11, silhouette=mask_to_msg(wrong, watcher.images[-1][1].header)
    )
    answer = ask(ros, watcher.segment, request)
    assert answer.success, answer.message
    mask = mask_from_msg(answer.mask)
    np.testing.assert_array_equal(mask, estimator.segment(newest, wrong, 11))
    assert overlap(mask, truth[newest].visible) > 0.95
    request.frame_index = FRAMES + 50
    answer = ask(ros, watcher.segment, request)
    assert not answer.success and "not held" in answer.message
    request.silhouette = mask_to_msg(np.ones((5, 5), bool), watcher.images[-1][1].header)
    request.frame_index = newest
    assert "silhouette" in ask(ros, watcher.segment, request).message
    assert ask(ros, watcher.reset, Trigger.Request()).success


def test_bad_messages_do_not_stop_the_estimator(ros, started, clip, truth):
    watcher = Watcher(ros, truth)
    broken = watcher.node.create_publisher(Image, "image", stream_qos(depth=64))
    box = list(box_of(truth[0].silhouette))
    started("object_estimator", f"box:={box}", "hand_timeout:=0.2")
    assert ros.wait_for(lambda: broken.get_subscription_count() >= 2, 20)
    watcher.truth = None
    broken.publish(Image(height=4, width=4, encoding="bgr8", step=12, data=b"too short"))
    broken.publish(Image(encoding="yuv422", height=1, width=1))
    assert ros.wait_for(lambda: len(watcher.images) == 2, 10)
    watcher.truth, watcher.clock = truth, FrameClock()
    watcher.images.clear()
    watcher.node.destroy_publisher(broken)
    started("video_source", f"video_path:={clip}", "lockstep:=2", "subscribers:=2", "count:=4")
    assert ros.wait_for(lambda: watcher.ended() and len(watcher.cues) == 4, 40)
