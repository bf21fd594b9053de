"""The imitation node as a process of its own."""

import signal
import subprocess
import sys
import time

import pytest
from action_msgs.msg import GoalStatus
from nav_msgs.msg import Path as PathMsg
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Imitate
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from franka_imitation.result import ImitationResult
from rhov_core.messages import pose_from_msg, trajectory_to_msg
from rhov_core.nodes import ThreadSafeActionClient, latched_qos

pytestmark = pytest.mark.system

NAMESPACE = "imitation_test"
CAMERA = "test_camera_optical_frame"


@pytest.fixture(scope="module")
def mesh(box, tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "box.obj"
    box.save(path)
    return path


@pytest.fixture(scope="module")
def process():
    command = [sys.executable, "-m", "franka_imitation.nodes.imitation", "--ros-args", "-r", f"__ns:=/{NAMESPACE}"]
    command += ["-p", "video:=false", "-p", "candidates:=1", "-p", "up_in_camera:=[0.0,-1.0,0.0]"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield process
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and "Traceback" not in output, output


class Client:
    """What a user's program would have."""

    def __init__(self, ros):
        self.ros = ros
        node = ros.add(Node("client", namespace=NAMESPACE))
        group = {"callback_group": ReentrantCallbackGroup()}
        self.action = ThreadSafeActionClient(node, Imitate, "imitate", **group)
        self.received, self.feedback = {}, []
        topics = (("imitation_path", PathMsg), ("imitation_markers", MarkerArray), ("/tf_static", TFMessage))
        for topic, kind in topics:
            keep = lambda message, topic=topic: self.received.__setitem__(topic, message)  # noqa: E731
            node.create_subscription(kind, topic, keep, latched_qos(), **group)
        assert self.action.wait_for_server(60)

    def send(self, goal):
        future = self.action.send_goal_async(goal, feedback_callback=lambda m: self.feedback.append(m.feedback))
        assert self.ros.wait_for(future.done, 30)
        return future.result()

    def result(self, handle):
        future = handle.get_result_async()
        assert self.ros.wait_for(future.done, 120)
        return future.result()


@pytest.fixture(scope="module")
def client(process, shared_ros):
    return Client(shared_ros)


@pytest.fixture(scope="module")
def goal(carried_box, mesh):
    message = trajectory_to_msg(carried_box, Header(frame_id=CAMERA), final=True)
    return Imitate.Goal(trajectory=message, mesh_file_path=str(mesh))


def test_the_node_finds_the_motion_of_the_library(client, goal, carried_box_result, tmp_path):
    goal.output_directory = str(tmp_path / "result")
    answer = client.result(client.send(goal))
    result, plan = answer.result, carried_box_result.plan
    assert answer.status == GoalStatus.STATUS_SUCCEEDED and result.success, result.message
    assert result.fraction_matched == carried_box_result.report["fraction_matched"]
    assert result.joint_trajectory.joint_names == list(plan.joint_names)
    last = result.joint_trajectory.points[-1]
    assert list(last.positions) == pytest.approx(plan.q[-1], abs=1e-6)
    assert last.time_from_start.sec + 1e-9 * last.time_from_start.nanosec == pytest.approx(plan.time[-1])
    assert list(result.gripper_widths) == pytest.approx(plan.gripper_width)
    assert pose_from_msg(result.table_from_camera) == pytest.approx(plan.T_table_camera, abs=1e-6)
    assert ImitationResult.load(goal.output_directory).success
    assert {"grasping", "placing", "planning", "simulating", "writing"} <= {f.stage for f in client.feedback}


def test_viewers_get_the_plan(client, goal, carried_box_result):
    assert client.ros.wait_for(lambda: len(client.received) == 3, 20)
    path, markers = client.received["imitation_path"], client.received["imitation_markers"]
    assert path.header.frame_id == "panda_link0"
    assert len(path.poses) == len(carried_box_result.plan.frame_index)
    assert len(markers.markers) == 3
    transform = client.received["/tf_static"].transforms[0]
    assert (transform.header.frame_id, transform.child_frame_id) == ("panda_link0", CAMERA)


def test_a_goal_can_be_cancelled_and_only_one_runs(client, goal):
    handle = client.send(goal)
    assert not client.send(goal).accepted
    time.sleep(0.3)
    handle.cancel_goal_async()
    answer = client.result(handle)
    assert answer.status == GoalStatus.STATUS_CANCELED
    assert "cancelled" in answer.result.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mesh_file_path": "/nowhere.obj"}, "no mesh file"),
        ({"method": "train"}, "the method is 'train'"),
        ({"trajectory": "empty"}, "no trajectory"),
        ({"trajectory": "empty", "trajectory_path": "/nowhere.npz"}, "no file '/nowhere.npz'"),
    ],
)
def test_a_bad_goal_ends_with_one_sentence(client, goal, change, words):
    wrong = Imitate.Goal(trajectory=goal.trajectory, mesh_file_path=goal.mesh_file_path)
    for name, value in change.items():
        setattr(wrong, name, type(goal.trajectory)() if value == "empty" else value)
    answer = client.result(client.send(wrong))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert words in answer.result.message and not answer.result.success
