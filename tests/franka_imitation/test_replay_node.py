"""The replay node in front of the simulated controller, both as processes of their own."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Replay
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from rhov_core.files import read_json
from rhov_core.nodes import ThreadSafeActionClient

pytestmark = pytest.mark.system

NAMESPACE = "replay_test"


@pytest.fixture(scope="module")
def directory(carried_box_result, tmp_path_factory):
    return carried_box_result.save(tmp_path_factory.mktemp("imitation"))


@pytest.fixture(scope="module")
def mesh(box, tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "box.obj"
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in box.vertices]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in box.faces]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def launch(node, *parameters):
    command = [sys.executable, "-m", f"franka_imitation.nodes.{node}", "--ros-args", "-r", f"__ns:=/{NAMESPACE}"]
    for parameter in parameters:
        command += ["-p", parameter]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process):
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    return output


@pytest.fixture(scope="module")
def nodes(mesh):
    processes = [
        launch("trajectory_controller", "time_scale:=0.0", f"mesh_file_path:={mesh}"),
        launch("replay", "timeout:=30.0", "feedback:=false"),  # nothing can be corrected that fast
    ]
    yield processes
    for process in processes:
        output = end(process)
        assert process.returncode == 0 and "Traceback" not in output, output


class Client:
    """What a user's program would have."""

    def __init__(self, ros):
        self.ros = ros
        node = ros.add(Node("client", namespace=NAMESPACE))
        group = {"callback_group": ReentrantCallbackGroup()}
        self.replay = ThreadSafeActionClient(node, Replay, "replay", **group)
        self.stop = node.create_client(Trigger, "trajectory_controller/emergency_stop", **group)
        self.recover = node.create_client(Trigger, "trajectory_controller/recover", **group)
        self.states = []
        node.create_subscription(JointState, "joint_states", self.states.append, 100, **group)
        assert self.replay.wait_for_server(60) and self.stop.wait_for_service(60)
        assert ros.wait_for(lambda: self.states)

    def send(self, goal, feedback=None):
        future = self.replay.send_goal_async(goal, feedback_callback=feedback)
        assert self.ros.wait_for(future.done, 20)
        return future.result()

    def result(self, handle, seconds=120):
        future = handle.get_result_async()
        assert self.ros.wait_for(future.done, seconds)
        return future.result()

    def call(self, service):
        future = service.call_async(Trigger.Request())
        assert self.ros.wait_for(future.done, 20)
        return future.result()

    def rests(self):
        return self.ros.wait_for(lambda: np.abs(self.states[-1].velocity[:7]).max() < 1e-3, 10)


@pytest.fixture(scope="module")
def client(shared_ros, nodes):
    return Client(shared_ros)


def test_a_dry_run_moves_nothing(client, directory):
    before = client.states[-1].position
    answer = client.result(client.send(Replay.Goal(directory=str(directory), dry_run=True)))
    assert answer.status == GoalStatus.STATUS_SUCCEEDED and answer.result.success
    assert answer.result.fraction_matched == -1.0
    np.testing.assert_allclose(client.states[-1].position, before, atol=1e-4)


def test_the_object_moves_as_planned(client, directory, carried_box_result):
    feedback = []
    answer = client.result(client.send(Replay.Goal(directory=str(directory)), feedback.append))
    assert answer.status == GoalStatus.STATUS_SUCCEEDED and answer.result.success, answer.result.message
    assert answer.result.fraction_matched >= 0.95
    assert answer.result.position_error < 0.01 and answer.result.rotation_error < 0.1
    expected = carried_box_result.report["position_error_m"]
    assert answer.result.position_error == pytest.approx(expected, abs=1e-3)
    stages = list(dict.fromkeys(message.feedback.stage for message in feedback))
    order = ["checking", "approaching", "grasping", "following", "done"]
    assert stages == [stage for stage in order if stage in stages]  # feedback of a short stage may be overtaken
    assert {"approaching", "following"} <= set(stages)
    report = read_json(directory / "replay" / "report.json")
    assert report["success"] and report["fraction_matched"] == answer.result.fraction_matched
    with np.load(directory / "replay" / "rollout.npz") as content:
        assert len(content["robot_time"]) > 100


def test_cancelling_brings_the_robot_to_rest(client, directory):
    moving = []
    handle = client.send(Replay.Goal(directory=str(directory), speed=0.3), moving.append)
    assert handle.accepted
    assert client.ros.wait_for(lambda: any(m.feedback.stage == "approaching" for m in moving), 30)
    cancelling = handle.cancel_goal_async()
    assert client.ros.wait_for(cancelling.done, 20)
    answer = client.result(handle, 30)
    assert answer.status == GoalStatus.STATUS_CANCELED and not answer.result.success
    assert client.rests()


def test_an_emergency_stop_ends_the_replay_until_recovery(client, directory):
    assert client.call(client.stop).success
    answer = client.result(client.send(Replay.Goal(directory=str(directory))))
    assert answer.status == GoalStatus.STATUS_ABORTED and "rejected" in answer.result.message
    assert client.call(client.recover).success


def test_bad_requests_are_told_in_one_sentence(client, directory, tmp_path):
    assert not client.send(Replay.Goal(directory=str(directory), speed=1.5)).accepted
    answer = client.result(client.send(Replay.Goal(directory=str(tmp_path))))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert "plan.npz" in answer.result.message and not answer.result.success


def test_a_dead_controller_is_noticed(shared_ros, directory):
    """Last: it takes nodes of its own, in another namespace."""
    command = [sys.executable, "-m", "franka_imitation.nodes.replay", "--ros-args", "-r", "__ns:=/alone"]
    process = subprocess.Popen(
        [*command, "-p", "timeout:=2.0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        node = shared_ros.add(Node("client", namespace="alone"))
        replay = ThreadSafeActionClient(node, Replay, "replay", callback_group=ReentrantCallbackGroup())
        assert replay.wait_for_server(60)
        sent = replay.send_goal_async(Replay.Goal(directory=str(directory)))
        assert shared_ros.wait_for(sent.done, 20)
        ended = sent.result().get_result_async()
        assert shared_ros.wait_for(ended.done, 30)
        assert ended.result().status == GoalStatus.STATUS_ABORTED
        assert "no joint trajectory controller" in ended.result().result.message
    finally:
        assert "Traceback" not in end(process)
