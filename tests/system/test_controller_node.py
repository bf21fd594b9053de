"""The trajectory controller as a process of its own, asked through ROS as any client would."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTrajectoryControllerState
from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Empty
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from franka_imitation.controller.goal import GoalPoint, JointTolerance, TrajectoryGoal
from franka_imitation.nodes.control_messages import goal_to_msg
from franka_imitation.robot import Robot
from rhov_core.messages import pose_from_msg, pose_to_msg, time_from_msg
from rhov_core.nodes import ThreadSafeActionClient

pytestmark = pytest.mark.system

ROBOT = Robot.load("panda")
NAMESPACE = "controller_test"
SCALE = 4.0
"""The simulation runs this much faster than the wall's clock."""


def launch(*parameters):
    command = [sys.executable, "-m", "franka_imitation.nodes.trajectory_controller", "--ros-args"]
    command += ["-r", f"__ns:=/{NAMESPACE}"]
    for parameter in parameters:
        command += ["-p", parameter]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process):
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        pytest.fail(f"the node did not end:\n{output}")
    return output


@pytest.fixture(scope="module")
def controller():
    """One node for all tests of this file; each leaves it recovered and at rest."""
    process = launch(f"time_scale:={SCALE}", "client_timeout:=0.5", "state_rate:=10.0")
    yield process
    output = end(process)
    assert process.returncode == 0, output
    assert "Traceback" not in output, output


class Client:
    """What a user's program would have."""

    def __init__(self, ros):
        self.ros = ros
        self.node = ros.add(Node("client", namespace=NAMESPACE))
        group = ReentrantCallbackGroup()
        make = {"callback_group": group}
        self.follow = ThreadSafeActionClient(
            self.node, FollowJointTrajectory, "arm_controller/follow_joint_trajectory", **make
        )
        self.gripper = ThreadSafeActionClient(self.node, GripperCommand, "franka_gripper/gripper_action", **make)
        self.stop = self.node.create_client(Trigger, "trajectory_controller/emergency_stop", **make)
        self.recover = self.node.create_client(Trigger, "trajectory_controller/recover", **make)
        self.states, self.controller_states, self.poses = [], [], []
        for kind, topic, store in (
            (JointState, "joint_states", self.states),
            (JointTrajectoryControllerState, "arm_controller/controller_state", self.controller_states),
            (PoseStamped, "object_pose_sim", self.poses),
        ):
            self.node.create_subscription(kind, topic, store.append, 100, callback_group=group)
        self.place = self.node.create_publisher(PoseStamped, "set_object_pose", 10)
        self.topic = self.node.create_publisher(JointTrajectory, "arm_controller/joint_trajectory", 10)
        assert self.follow.wait_for_server(60) and self.gripper.wait_for_server(10)
        assert self.stop.wait_for_service(10) and self.recover.wait_for_service(10)
        assert ros.wait_for(lambda: self.states and self.poses)

    def result(self, future, seconds=20.0):
        assert self.ros.wait_for(future.done, seconds), "no answer"
        return future.result()

    def send(self, client, goal, feedback=None):
        return self.result(client.send_goal_async(goal, feedback_callback=feedback))

    def call(self, service):
        return self.result(service.call_async(Trigger.Request()))

    def positions(self):
        return np.array(self.states[-1].position[:7])

    def fresh(self):
        """Waits for a state that was measured from now on."""
        count = len(self.states)
        assert self.ros.wait_for(lambda: len(self.states) > count + 3)
        return self.positions()

    def rests(self, seconds=5.0):
        return self.ros.wait_for(lambda: np.abs(self.states[-1].velocity[:7]).max() < 1e-3, seconds)

    def arrives(self, positions, seconds=5.0):
        """Whether the states, which may come later than an action's result, show these positions at last."""
        return self.ros.wait_for(lambda: np.abs(self.positions() - positions).max() < 0.01, seconds)

    def go(self, angle=0.3, duration=2.0, **fields):
        """A goal that turns joint 1 away from where it is now; the arm sweeps back and forth."""
        q = self.fresh()
        end = q.copy()
        end[0] += -angle if q[0] > 0 else angle
        points = (GoalPoint(duration, end, np.zeros(7)),)
        return end, goal_to_msg(TrajectoryGoal(ROBOT.joint_names, points, **fields))


@pytest.fixture(scope="module")
def connected(shared_ros, controller):
    return Client(shared_ros)


@pytest.fixture
def client(connected):
    yield connected
    connected.call(connected.stop)
    # refused while the arm still comes to rest, which the last state may not show yet
    assert connected.ros.wait_for(lambda: connected.call(connected.recover).success, 10)
    assert connected.rests()


def test_states_are_published(client):
    client.fresh()
    state = client.states[-1]
    assert list(state.name) == [*ROBOT.joint_names, *ROBOT.gripper.joint_names]
    assert len(state.position) == len(state.velocity) == 9
    assert client.ros.wait_for(lambda: len(client.controller_states) > 2)
    stamps = np.array([time_from_msg(s.header.stamp) for s in client.states])
    assert (np.diff(stamps) > 0).all()
    np.testing.assert_allclose(np.diff(stamps), 0.1, atol=1e-5)  # of the robot's clock
    assert list(client.controller_states[-1].joint_names) == list(ROBOT.joint_names)


def test_a_goal_is_followed_with_feedback(client):
    goal_end, goal = client.go()
    feedback = []
    handle = client.send(client.follow, goal, feedback.append)
    assert handle.accepted
    answer = client.result(handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert answer.result.error_code == FollowJointTrajectory.Result.SUCCESSFUL
    assert client.arrives(goal_end)
    assert len(feedback) > 10
    times = [
        f.feedback.desired.time_from_start.sec + f.feedback.desired.time_from_start.nanosec * 1e-9 for f in feedback
    ]
    assert (np.diff(times) > 0).all() and times[-1] <= 2.5
    # the result may overtake the last feedback
    away = [np.abs(np.array(f.feedback.desired.positions) - goal_end).max() for f in feedback]
    assert (np.diff(away) <= 1e-9).all() and away[-1] < 0.5 * away[0]


def test_simulated_time_runs_at_its_scale(client):
    _, goal = client.go(duration=4.0)
    started = time.monotonic()
    client.result(client.send(client.follow, goal).get_result_async())
    assert 0.9 * 4.0 / SCALE < time.monotonic() - started < 3.9


@pytest.mark.parametrize("fault", ["names", "no points", "effort", "moving at the end", "past", "not finite"])
def test_a_bad_goal_is_rejected_and_nothing_moves(client, fault):
    _, goal = client.go()
    trajectory = goal.trajectory
    if fault == "names":
        trajectory.joint_names = list(Robot.load("fr3").joint_names)
    elif fault == "no points":
        trajectory.points = []
    elif fault == "effort":
        trajectory.points[0].effort = [0.0] * 7
    elif fault == "moving at the end":
        trajectory.points[0].velocities = [0.1] * 7
    elif fault == "past":
        trajectory.header.stamp.sec = 1
    else:
        trajectory.points[0].positions[3] = float("nan")
    before = client.fresh()
    assert not client.send(client.follow, goal).accepted
    np.testing.assert_allclose(client.fresh(), before, atol=1e-4)


def test_a_new_goal_preempts_the_old_one(client):
    _, goal = client.go(angle=1.0, duration=24.0)
    first = client.send(client.follow, goal)
    client.ros.wait_for(lambda: np.abs(client.states[-1].velocity[:7]).max() > 0.02, 5)
    goal_end, goal = client.go(angle=0.1)
    second = client.send(client.follow, goal)
    old = client.result(first.get_result_async())
    assert old.status == GoalStatus.STATUS_ABORTED
    assert old.result.error_code == FollowJointTrajectory.Result.INVALID_GOAL
    assert client.result(second.get_result_async()).status == GoalStatus.STATUS_SUCCEEDED
    assert client.arrives(goal_end)


def test_a_cancelled_goal_comes_to_rest(client):
    goal_end, goal = client.go(angle=1.0, duration=24.0)
    handle = client.send(client.follow, goal)
    assert client.ros.wait_for(lambda: np.abs(client.states[-1].velocity[:7]).max() > 0.02, 5)
    assert client.result(handle.cancel_goal_async()).goals_canceling
    assert client.result(handle.get_result_async()).status == GoalStatus.STATUS_CANCELED
    assert client.rests(1.0)
    assert np.abs(client.fresh() - goal_end).max() > 0.1


def test_leaving_the_path_aborts(client):
    goal = client.go(path_tolerance=(JointTolerance("panda_joint1", position=1e-6),))[1]
    answer = client.result(client.send(client.follow, goal).get_result_async())
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert answer.result.error_code == FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED
    assert "panda_joint1" in answer.result.error_string


def test_a_trajectory_on_the_topic_is_followed(client):
    goal_end, goal = client.go()
    client.topic.publish(goal.trajectory)
    assert client.arrives(goal_end)


def test_the_gripper_opens_closes_and_stalls_on_the_object(client):
    goal = GripperCommand.Goal()
    goal.command.position, goal.command.max_effort = 0.02, 20.0
    answer = client.result(client.send(client.gripper, goal).get_result_async())
    assert answer.status == GoalStatus.STATUS_SUCCEEDED and answer.result.reached_goal and not answer.result.stalled
    assert answer.result.position == pytest.approx(0.02, abs=1e-3)
    goal.command.position = 0.05  # wider than it can open
    assert client.result(client.send(client.gripper, goal).get_result_async()).status == GoalStatus.STATUS_ABORTED
    goal.command.position = 0.04
    assert client.result(client.send(client.gripper, goal).get_result_async()).result.reached_goal


def test_the_object_is_placed_where_a_message_says(client):
    T = np.eye(4)
    T[:3, 3] = 0.45, 0.3, 0.026
    message = PoseStamped(pose=pose_to_msg(T))
    message.header.frame_id = ROBOT.base_frame
    client.place.publish(message)

    def there(target):
        return np.abs(pose_from_msg(client.poses[-1].pose)[:3, 3] - target).max() < 2e-3

    assert client.ros.wait_for(lambda: there(T[:3, 3]), 5)
    inside = T.copy()
    inside[:3, 3] = 0.0, 0.0, 0.1  # in the robot's base
    message.pose = pose_to_msg(inside)
    client.place.publish(message)
    client.fresh()
    client.fresh()
    assert there(T[:3, 3])


def test_an_emergency_stop_is_latched_until_recovery(client):
    _, goal = client.go(angle=1.0, duration=24.0)
    handle = client.send(client.follow, goal)
    assert client.ros.wait_for(lambda: np.abs(client.states[-1].velocity[:7]).max() > 0.02, 5)
    assert client.call(client.stop).success
    answer = client.result(handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_ABORTED and "Emergency stop" in answer.result.error_string
    assert client.rests(1.0)
    resting = client.fresh()
    assert not client.send(client.follow, client.go()[1]).accepted
    grip = GripperCommand.Goal()
    assert not client.send(client.gripper, grip).accepted
    np.testing.assert_allclose(client.fresh(), resting, atol=1e-4)
    assert client.call(client.recover).success
    assert client.send(client.follow, client.go(angle=0.05, duration=1.0)[1]).accepted


CLIENT = """
    import sys, time
    import rclpy
    from rclpy.action import ActionClient
    from rclpy.node import Node
    from rclpy.serialization import deserialize_message
    from control_msgs.action import FollowJointTrajectory
    from std_msgs.msg import Empty
    rclpy.init()
    node = Node("doomed", namespace="%s")
    heart = node.create_publisher(Empty, "arm_controller/heartbeat", 10)
    client = ActionClient(node, FollowJointTrajectory, "arm_controller/follow_joint_trajectory")
    assert client.wait_for_server(20)
    goal = deserialize_message(open(sys.argv[1], "rb").read(), FollowJointTrajectory.Goal)
    future = client.send_goal_async(goal)
    while True:
        rclpy.spin_once(node, timeout_sec=0.05)
        if sys.argv[2] == "heartbeat":
            heart.publish(Empty())
"""


@pytest.mark.parametrize("heart", ["heartbeat", "silent"])
def test_a_killed_client_does_not_leave_the_robot_moving(client, tmp_path, heart):
    """With a heartbeat the goal is aborted at once; without one it ends at its last point, as upstream."""
    from rclpy.serialization import serialize_message

    goal_end, goal = client.go(angle=0.4, duration=16.0 if heart == "heartbeat" else 6.0)
    (tmp_path / "goal").write_bytes(serialize_message(goal))
    program = textwrap.dedent(CLIENT % NAMESPACE)
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "goal"), heart], env=os.environ)
    try:
        assert client.ros.wait_for(lambda: np.abs(client.states[-1].velocity[:7]).max() > 0.02, 20)
        client.ros.wait_for(lambda: False, 0.5)
    finally:
        process.kill()
        process.wait()
    assert client.rests(4.0)
    if heart == "heartbeat":
        assert np.abs(client.fresh() - goal_end).max() > 0.05
    else:
        assert client.arrives(goal_end)


def test_a_mistyped_parameter_ends_the_node_with_one_sentence():
    process = launch("time_scal:=2.0")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "time_scal" in output and "Traceback" not in output


def test_a_robot_that_does_not_exist_is_refused():
    process = launch("robot:=ur5")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "ur5" in output and "panda" in output and "Traceback" not in output


def test_heartbeats_without_a_goal_do_nothing(client):
    publisher = client.node.create_publisher(Empty, "arm_controller/heartbeat", 10)
    publisher.publish(Empty())
    client.ros.wait_for(lambda: False, 0.8)
    assert client.send(client.follow, client.go(angle=0.05, duration=1.0)[1]).accepted
