"""Nodes that watch the object carry it from where it really stands, as the library does: all processes of their own."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Replay
from std_srvs.srv import Trigger

from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay import LocalClient, ReplayConfig, Replayer, judged
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks
from franka_imitation.scene import build_scene
from rhov_core.files import read_json
from rhov_core.messages import pose_from_msg, pose_to_msg
from rhov_core.nodes import ThreadSafeActionClient

pytestmark = pytest.mark.system

NAMESPACE = "watched_replay_test"
SHIFT = np.array([0.008, -0.006])
"""1 cm from where the plan expects the object [m]."""


@pytest.fixture(scope="module")
def directory(carried_box_result, tmp_path_factory):
    return carried_box_result.save(tmp_path_factory.mktemp("imitation"))


@pytest.fixture(scope="module")
def start(carried_box_result):
    T = carried_box_result.plan.T_table_object_start.copy()
    T[:2, 3] += SHIFT
    return T


@pytest.fixture(scope="module")
def mesh(box, tmp_path_factory):
    path = tmp_path_factory.mktemp("mesh") / "box.obj"
    box.save(path)
    return path


def launch(node, *parameters):
    command = [sys.executable, "-m", f"franka_imitation.nodes.{node}", "--ros-args", "-r", f"__ns:=/{NAMESPACE}"]
    for parameter in parameters:
        command += ["-p", parameter]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def nodes(mesh):
    processes = [
        launch("trajectory_controller", "time_scale:=0.5", f"mesh_file_path:={mesh}"),
        launch("replay", "timeout:=30.0", "place_object:=false"),
    ]
    yield processes
    for process in processes:
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        assert process.returncode == 0 and "Traceback" not in output, output


class Client:
    """What a user's program would have."""

    def __init__(self, ros):
        self.ros, self.poses = ros, []
        node = ros.add(Node("client", namespace=NAMESPACE))
        group = {"callback_group": ReentrantCallbackGroup()}
        self._replay = ThreadSafeActionClient(node, Replay, "replay", **group)
        self._place = node.create_publisher(PoseStamped, "set_object_pose", 10)
        node.create_subscription(PoseStamped, "object_pose_sim", self.poses.append, 100, **group)
        self._stop, self._recover = (
            node.create_client(Trigger, f"trajectory_controller/{name}", **group)
            for name in ("emergency_stop", "recover")
        )
        assert self._replay.wait_for_server(60) and ros.wait_for(lambda: self.poses, 30)

    def place(self, T):
        def there():
            return np.abs(pose_from_msg(self.poses[-1].pose)[:3, 3] - T[:3, 3]).max() < 2e-3

        message = PoseStamped(pose=pose_to_msg(T))
        message.header.frame_id = "panda_link0"
        self._place.publish(message)
        assert self.ros.wait_for(there, 10)

    def stop_and_recover(self):
        """As somebody who takes the emergency stop back as soon as the arm rests."""
        for client in (self._stop, self._recover):
            answer = client.call_async(Trigger.Request())
            assert self.ros.wait_for(answer.done, 10)
        while not answer.result().success:
            answer = client.call_async(Trigger.Request())
            assert self.ros.wait_for(answer.done, 10)

    def replay(self, directory, on_stage=None):
        stages = []
        sent = self._replay.send_goal_async(
            Replay.Goal(directory=str(directory)), feedback_callback=lambda m: stages.append(m.feedback.stage)
        )
        assert self.ros.wait_for(sent.done, 20)
        ended = sent.result().get_result_async()
        if on_stage is not None:
            assert self.ros.wait_for(lambda: on_stage[0] in stages, 120)
            on_stage[1]()
        assert self.ros.wait_for(ended.done, 240)
        return ended.result()


def test_a_stop_stays_though_it_is_recovered_at_once(shared_ros, nodes, directory, start):
    """While the fingers move the arm stands where it was sent: nothing in its posture tells of the stop."""
    client = Client(shared_ros)
    client.place(start)
    answer = client.replay(directory, ("grasping", client.stop_and_recover))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert "Emergency stop" in answer.result.message or "rejected" in answer.result.message


def test_an_object_one_centimetre_aside_is_carried_as_by_the_library(
    shared_ros, nodes, directory, start, box, carried_box_result
):
    client = Client(shared_ros)
    client.place(start)
    answer = client.replay(directory)
    assert answer.status == GoalStatus.STATUS_SUCCEEDED and answer.result.success, answer.result.message
    assert answer.result.fraction_matched == 1.0
    told = read_json(directory / "replay" / "report.json")
    assert told["feedback"]["gave_up"] == "" and told["feedback"]["retries"] == 0

    robot = Robot.load("panda")
    local, checks = LocalClient(SimulatedRobot(build_scene(robot, box))), SafetyChecks(robot)
    assert local.place_object(start) is None
    replayed = Replayer(local, robot, checks, ReplayConfig(place_object=False)).run(carried_box_result.plan)
    fraction, position, rotation = judged(carried_box_result, replayed, local.recording, checks).figures()
    assert fraction == 1.0
    assert answer.result.position_error == pytest.approx(position, abs=5e-4)
    assert answer.result.rotation_error == pytest.approx(rotation, abs=5e-3)
