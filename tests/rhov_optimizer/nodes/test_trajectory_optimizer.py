"""The node as a process of its own, with this test as video source, perception and user."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseWithCovarianceStamped
from nav_msgs.msg import Path as PathMsg
from rclpy.action import ActionClient
from rclpy.node import Node
from rhov_msgs.action import Reconstruct
from rhov_msgs.msg import HandEstimate, HandObjectTrajectory, ObjectCues, ObjectEstimate, TrackingEvent, VideoInfo
from rhov_msgs.srv import SegmentObject
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from rhov_core.files import read_json
from rhov_core.messages import (
    camera_to_msg,
    hand_to_msg,
    mask_from_msg,
    mask_to_msg,
    object_cues_to_msg,
    object_estimate_from_msg,
    trajectory_from_msg,
    transform_from_msg,
)
from rhov_core.nodes import estimate_qos, latched_qos, stream_qos
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.result_directory import REPORT, TRAJECTORY
from rhov_core.trajectory import HandObjectTrajectory as Trajectory
from rhov_core.trajectory import ObjectState
from rhov_optimizer.tracking import ObjectTracker

pytestmark = pytest.mark.system

FRAMES = 10
FRAME_ID = "camera_color_optical_frame"
SECONDS = 60.0


def header(i):
    nanoseconds = 1_700_000_000_000_000_000 + round(i * 1e9 / 30)
    return Header(stamp=Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9), frame_id=FRAME_ID)


@pytest.fixture(scope="module")
def clip(model, clip_of, motion):
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    R = exp_rotation([0.3, 0.4, 0.2])
    return clip_of(model, motion(FRAMES, make_transform(R, [-0.02, 0.0, 0.45] - R @ centre)), blank=range(6, 7))


@pytest.fixture(scope="module")
def mesh(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "tapered L.obj"
    model.save(path)
    return path


@pytest.fixture
def start(mesh):
    """Starts the node; it must end by itself on SIGINT, with status 0 and without a traceback."""
    processes = []

    def start(**parameters):
        given = {"mesh_file_path": str(mesh), "joint.iterations": 2, "window": 5, "window_lag": 1}
        given |= {"hand_timeout": 20.0, **parameters}
        command = [sys.executable, "-m", "rhov_optimizer.nodes.trajectory_optimizer", "--ros-args"]
        for name, value in given.items():
            command += ["-p", f"{name}:={value}"]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return processes[-1]

    start.outputs = []
    yield start
    for process in processes:
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            output = f"it did not end\n{process.communicate()[0]}"
        assert process.returncode == 0 and "Traceback" not in output, output


class World:
    """Everything around the node."""

    def __init__(self, ros, clip, segment=True):
        self.ros, self.clip = ros, clip
        self.node = node = ros.add(Node("world"))
        self.got = {}
        self.lock = threading.Lock()
        qos, estimates = stream_qos(depth=64), estimate_qos()
        self.cameras = node.create_publisher(CameraInfo, "camera_info", qos)
        self.videos = node.create_publisher(VideoInfo, "video_info", latched_qos())
        self.hands = node.create_publisher(HandEstimate, "hand", estimates)
        self.cues = node.create_publisher(ObjectCues, "object_cues", estimates)
        for kind, topic, profile in (
            (ObjectEstimate, "object_estimate", qos),
            (PoseWithCovarianceStamped, "object_pose", qos),
            (TFMessage, "/tf", qos),
            (MarkerArray, "object_markers", qos),
            (TrackingEvent, "events", qos),
            (HandObjectTrajectory, "trajectory", latched_qos(8)),
            (PathMsg, "object_path", latched_qos()),
        ):
            self.got[topic] = []
            node.create_subscription(kind, topic, self.got[topic].append, profile)
        if segment:
            node.create_service(SegmentObject, "segment_object", self.answer)
        self.reset = node.create_client(Trigger, "trajectory_optimizer/reset")
        self.reconstruct = ActionClient(node, Reconstruct, "reconstruct")
        self.feedback = []

    def answer(self, request, response):
        silhouette = mask_from_msg(request.silhouette)
        if silhouette is None:  # the node looks whether answers arrive
            response.success = False
            return response
        mask = self.clip.segment(request.frame_index, silhouette, request.band)
        response.success = mask is not None
        response.mask = mask_to_msg(mask, Header())
        return response

    def ready(self):
        assert self.reconstruct.wait_for_server(SECONDS)
        found = (self.cues, self.cameras, self.hands)
        assert self.ros.wait_for(lambda: all(p.get_subscription_count() for p in found), SECONDS)
        self.video(VideoInfo.STREAMING, 0)
        self.cameras.publish(camera_to_msg(self.clip.camera, header(0)))

    def video(self, state, count):
        info = VideoInfo(header=header(max(count - 1, 0)), state=state, frame_count=count, frames_announced=FRAMES)
        self.videos.publish(info)

    def show(self, i):
        """Publishes a frame."""
        cues = self.clip.cues(i)
        self.cues.publish(object_cues_to_msg(cues, header(i)))
        self.hands.publish(hand_to_msg(None, header(i), i, cues.image_size, cues.hand_mask))

    def frame(self, i):
        """Publishes a frame and waits for its estimate."""
        known = len(self.got["object_estimate"])
        self.show(i)
        assert self.ros.wait_for(lambda: len(self.got["object_estimate"]) > known, SECONDS)

    def goal(self, **fields):
        """Sends a goal and returns its handle."""
        sent = self.reconstruct.send_goal_async(Reconstruct.Goal(**fields), feedback_callback=self.feedback.append)
        assert self.ros.wait_for(sent.done, SECONDS)
        return sent.result()

    def result(self, handle):
        future = handle.get_result_async()
        assert self.ros.wait_for(future.done, SECONDS)
        return future.result()


def test_a_clip_from_its_first_frame_to_its_files(ros, clip, start, tmp_path):
    start()
    world = World(ros, clip)
    world.ready()
    handle = world.goal(wait_for_end=True, output_directory=str(tmp_path / "out"))
    for i in range(FRAMES):
        world.frame(i)
        world.video(VideoInfo.STREAMING, i + 1)
    world.video(VideoInfo.ENDED, FRAMES)
    answer = world.result(handle)
    assert answer.status == GoalStatus.STATUS_SUCCEEDED and answer.result.success, answer.result.message

    estimates = [object_estimate_from_msg(m) for m in world.got["object_estimate"]]
    assert [e.frame_index for e in estimates] == list(range(FRAMES))
    assert [m.header for m in world.got["object_estimate"]] == [header(i) for i in range(FRAMES)]
    states = [e.state for e in estimates]
    assert states[6] == ObjectState.LOST and states[7] == ObjectState.REINITIALISED
    assert states.count(ObjectState.TRACKED) == FRAMES - 2

    tracker = ObjectTracker(clip.model, clip.camera, clip)  # the library gives the same as the node
    for i in range(6):
        expected = tracker.step(clip.cues(i)).T_camera_object
        assert np.abs(estimates[i].T_camera_object - expected).max() < 2e-3
        assert clip.errors(estimates[i].T_camera_object, i)[0] < 1

    assert len(world.got["object_pose"]) == FRAMES - 1
    transform = world.got["/tf"][0].transforms[0]
    assert (transform.header.frame_id, transform.child_frame_id) == (FRAME_ID, "object_tapered_L")
    assert np.abs(transform_from_msg(transform) - estimates[0].T_camera_object).max() < 1e-9
    marker = world.got["object_markers"][0].markers[0]
    assert marker.mesh_resource.startswith("file:///") and marker.mesh_resource.endswith("tapered%20L.obj")
    kinds = [(e.type, e.frame_index) for e in world.got["events"]]
    expected = [(TrackingEvent.STARTED, 0), (TrackingEvent.LOST, 6), (TrackingEvent.REINITIALISED, 7)]
    assert kinds == [*expected, (TrackingEvent.FINISHED, FRAMES - 1)]

    windows = world.got["trajectory"]
    assert [(w.final, list(w.frame_index)) for w in windows[:2]] == [
        (False, list(range(4))),
        (False, list(range(4, 9))),
    ]
    for w in windows[:2]:  # smoothed: nearer to the truth than what was tracked, and to the result
        window = trajectory_from_msg(w)
        for i, state, T in zip(window.frame_index, window.object_state, window.T_camera_object, strict=True):
            assert state == estimates[i].state
            assert state == ObjectState.LOST or clip.errors(T, i)[0] < 1
        assert np.abs(window.T_camera_object - [estimates[i].T_camera_object for i in window.frame_index]).max() > 1e-5
    assert windows[-1].final and list(windows[-1].frame_index) == list(range(FRAMES))
    assert len(world.got["object_path"][-1].poses) == FRAMES
    trajectory = trajectory_from_msg(answer.result.trajectory)
    saved = Trajectory.load(tmp_path / "out" / TRAJECTORY)
    assert np.allclose(saved.T_camera_object, trajectory.T_camera_object) and saved.frames_lost == 1
    report = read_json(tmp_path / "out" / REPORT)
    assert len(report["per_frame"]["mask_iou"]) == FRAMES and report["per_frame"]["mask_iou"][6] is None
    assert any("first pose found" in note for note in report["notes"])
    stages = {message.feedback.stage for message in world.feedback}
    assert {"tracking", "joint"} <= stages
    assert max(message.feedback.frames_done for message in world.feedback) == FRAMES


def test_bad_messages_and_missing_parts_do_not_stop_it(ros, clip, start):
    process = start(hand_timeout=0.3)
    world = World(ros, clip, segment=False)
    world.ready()
    world.frame(0)
    bad = object_cues_to_msg(clip.cues(1), header(1))
    bad.flow_source = bad.flow_source[:-1]
    world.cues.publish(bad)
    world.hands.publish(hand_to_msg(None, header(1), 1, (640, 480), None))
    assert ros.wait_for(lambda: len(world.got["object_estimate"]) == 2, SECONDS)
    world.cues.publish(object_cues_to_msg(clip.cues(2), header(2)))  # its hand never comes
    assert ros.wait_for(lambda: len(world.got["object_estimate"]) == 3, SECONDS)
    world.cameras.publish(CameraInfo())  # not calibrated
    world.frame(3)
    states = [m.state for m in world.got["object_estimate"]]
    assert states == [ObjectState.TRACKED, ObjectState.LOST, ObjectState.REINITIALISED, ObjectState.TRACKED]
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert output.count("segment_object") == 1 and output.count("flow_source") == 1
    assert "not calibrated" in output
    process.communicate = lambda timeout=None: (output, None)


def test_reset_and_a_stream_that_begins_again_forget_the_track(ros, clip, start):
    start()
    world = World(ros, clip)
    world.ready()
    for i in (2, 3):
        world.frame(i)
    answered = world.reset.call_async(Trigger.Request())
    assert ros.wait_for(answered.done, SECONDS) and answered.result().success
    world.frame(4)
    world.frame(0)  # the source begins anew
    world.frame(1)
    events = [(e.type, e.frame_index) for e in world.got["events"]]
    assert events == [(TrackingEvent.STARTED, i) for i in (2, 4, 0)]
    handle = world.goal(wait_for_end=False)
    result = world.result(handle).result
    assert result.success and list(result.trajectory.frame_index) == [0, 1]


def test_goals_without_a_result_say_why(ros, clip, start):
    start(stall_timeout=1.0)
    world = World(ros, clip)
    world.ready()
    nothing = world.result(world.goal(wait_for_end=False))
    assert nothing.status == GoalStatus.STATUS_ABORTED and "no frame" in nothing.result.message
    stalled = world.result(world.goal(wait_for_end=True))
    assert stalled.status == GoalStatus.STATUS_ABORTED and "has not said that it ended" in stalled.result.message


def test_a_goal_can_be_cancelled_while_it_waits(ros, clip, start):
    start()
    world = World(ros, clip)
    world.ready()
    world.frame(0)
    handle = world.goal(wait_for_end=True)
    assert handle.accepted
    second = world.goal(wait_for_end=True)
    assert not second.accepted  # one at a time
    handle.cancel_goal_async()
    ended = handle.get_result_async()
    assert ros.wait_for(ended.done, 10.0)
    assert ended.result().status == GoalStatus.STATUS_CANCELED
    world.frame(1)
    assert world.got["object_estimate"][-1].state == ObjectState.TRACKED


@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"mesh_file_path": "/nowhere/mesh.obj"}, "mesh.obj"), ({"tracker.bandd": 3}, "bandd"), ({"window": 1}, "window")],
)
def test_bad_parameters_end_it_with_one_sentence(mesh, parameters, words):
    given = {"mesh_file_path": str(mesh), **parameters}
    command = [sys.executable, "-m", "rhov_optimizer.nodes.trajectory_optimizer", "--ros-args"]
    for name, value in given.items():
        command += ["-p", f"{name}:={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("every_frame", [True, False])
def test_frames_from_before_the_nodes_found_each_other(ros, clip, start, every_frame):
    world = World(ros, clip)
    world.show(0)
    start(every_frame=str(every_frame).lower())
    world.ready()
    if every_frame:
        assert ros.wait_for(lambda: world.got["object_estimate"], SECONDS)
    world.frame(1)
    frames = [m.frame_index for m in world.got["object_estimate"]]
    assert frames == ([0, 1] if every_frame else [1])
