"""The node on pictures: one message for each image, joined by stamps, numbered by VideoInfo."""

import numpy as np
import pytest
from rclpy.node import Node
from rhov_msgs.msg import HandEstimate, VideoInfo
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker, MarkerArray

from rhov_core.camera import Camera
from rhov_core.messages import camera_to_msg, hand_from_msg, hand_mask_from_msg, image_to_msg, time_to_msg
from rhov_core.nodes import latched_qos, stream_qos
from rhov_core.sample_clips import cached_clip
from rhov_core.video import VideoReader
from rhov_perception.hand import HandEstimator
from rhov_perception.nodes.hand_estimator import HandEstimatorNode

CAMERA = Camera.guess(640, 480)
EMPTY = np.full((480, 640, 3), 120, np.uint8)


class Source:
    """Publishes images as a video source does, and listens to the estimates."""

    def __init__(self, ros):
        self._ros = ros
        ros.add(HandEstimatorNode())
        node = ros.add(Node("test_source"))
        self.images = node.create_publisher(Image, "image", stream_qos(depth=50))
        self.cameras = node.create_publisher(CameraInfo, "camera_info", stream_qos())
        self.infos = node.create_publisher(VideoInfo, "video_info", latched_qos(50))
        self.received, self.markers = [], []
        node.create_subscription(HandEstimate, "hand", self.received.append, stream_qos(depth=50))
        node.create_subscription(MarkerArray, "hand_markers", self.markers.append, stream_qos(depth=50))
        self.reset = node.create_client(Trigger, "hand_estimator/reset")
        publishers = (self.images, self.cameras, self.infos)
        assert ros.wait_for(lambda: all(p.get_subscription_count() for p in publishers))
        assert ros.wait_for(lambda: node.count_publishers("hand") and node.count_publishers("hand_markers"))
        assert self.reset.wait_for_service(10)

    def send_camera(self, camera=CAMERA):
        self.cameras.publish(camera_to_msg(camera, Header(frame_id="camera")))

    def send(self, image, seconds, frame_index=None):
        header = Header(stamp=time_to_msg(seconds), frame_id="camera")
        if frame_index is not None:
            self.infos.publish(VideoInfo(header=header, frame_index=frame_index))
            self._ros.wait_for(lambda: False, 0.1)  # topics have no common order
        self.images.publish(image_to_msg(image, "bgr8", header))

    def answers(self, count):
        assert self._ros.wait_for(lambda: len(self.received) >= count, 30)
        return self.received[:count]


@pytest.fixture
def source(ros):
    return Source(ros)


def test_every_image_is_answered_with_its_stamp_and_number(source):
    source.send(EMPTY, 0.5, 7)  # before the camera is known
    source.send_camera()
    source.send(EMPTY, 0.6, 9)
    source.send(EMPTY, 0.7)  # nobody announced it: it is counted
    answers = source.answers(3)
    assert [a.frame_index for a in answers] == [7, 9, 10]
    assert [round(a.header.stamp.sec + a.header.stamp.nanosec / 1e9, 6) for a in answers] == [0.5, 0.6, 0.7]
    assert [a.header.frame_id for a in answers] == ["camera"] * 3
    for answer in answers:
        assert not answer.detected
        assert hand_from_msg(answer) is None
        assert hand_mask_from_msg(answer) is None


def test_bad_images_are_dropped_and_the_node_goes_on(source):
    source.send_camera()
    source.send(EMPTY[:100], 1.0, 0)  # another size than the camera's
    source.images.publish(Image(header=Header(stamp=time_to_msg(1.1)), encoding="yuv422", width=4, height=4))
    source.send(EMPTY, 1.2, 2)
    assert source.answers(1)[0].frame_index == 2


def test_a_stream_that_starts_again_and_the_reset_service(source, ros):
    source.send_camera()
    source.send(EMPTY, 2.0, 5)
    source.answers(1)
    source.send(EMPTY, 0.0, 0)
    assert source.answers(2)[1].frame_index == 0
    future = source.reset.call_async(Trigger.Request())
    assert ros.wait_for(future.done)
    assert future.result().success


@pytest.mark.skipif(cached_clip("cup") is None, reason="the sample clip is not in the cache: run ./run demo once")
def test_the_node_says_what_the_library_says(source, ros):
    frames = list(VideoReader(cached_clip("cup"), 0, 4))
    hands = HandEstimator(CAMERA)
    expected = [hands.estimate(image, index) for index, _, image in frames]
    hands.close()
    source.send_camera()
    for index, stamp, image in frames:
        source.send(image, stamp, index)
    for answer, seen in zip(source.answers(4), expected, strict=True):
        hand = hand_from_msg(answer)
        np.testing.assert_allclose(hand.pose, seen.estimate.pose, atol=1e-12)
        np.testing.assert_allclose(hand.translation, seen.estimate.translation, atol=1e-12)
        np.testing.assert_array_equal(hand_mask_from_msg(answer), seen.mask)
        assert hand.side == seen.estimate.side
    assert ros.wait_for(lambda: len(source.markers) == 4)
    joints, bones = source.markers[0].markers
    assert (joints.action, len(joints.points), len(bones.points)) == (Marker.ADD, 21, 40)
    assert joints.points[0].z == pytest.approx(expected[0].estimate.joints[0, 2])
