"""A robot behind ROS: goals through the actions of a controller, states from its topics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory, GripperCommand
from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Empty

from franka_imitation.controller.goal import TrajectoryGoal
from franka_imitation.nodes.control_messages import duration_from_msg, goal_to_msg
from franka_imitation.nodes.simulated_object import PLACE_TOPIC, POSE_TOPIC
from franka_imitation.replay.client import Followed, Gripped, Posture
from franka_imitation.replay.recording import Recording
from franka_imitation.replay.replayer import ReplayError
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.messages import pose_from_msg, pose_to_msg, time_from_msg
from rhov_core.nodes import BadMessages, ThreadSafeActionClient, stream_qos

_QUEUE = 1000
_HEARTBEAT = 0.1
"""Between two signs of life while a goal is followed [s]."""
_PLACED = 0.005
"""An object this near to where it was to be put is there [m]."""


class RosClient:
    """One robot, its controller and its gripper.

    Args:
        node: The node that asks; it needs a multi-threaded executor.
        robot: Names of the joints.
        controller: Name of the joint trajectory controller.
        gripper: Name of the gripper.
        simulated: Whether to look for the object of the simulation.
        timeout: Longest silence of the robot before a goal is given up [s].
        bad_messages: Where messages are reported that cannot be used.
    """

    def __init__(
        self,
        node: Node,
        robot: Robot,
        controller: str,
        gripper: str,
        simulated: bool,
        timeout: float,
        bad_messages: BadMessages,
    ) -> None:
        self._node, self._robot, self._timeout, self._simulated = node, robot, timeout, simulated
        group = ReentrantCallbackGroup()
        name = f"{controller}/follow_joint_trajectory"
        self._arm = ThreadSafeActionClient(node, FollowJointTrajectory, name, callback_group=group)
        self._gripper = ThreadSafeActionClient(node, GripperCommand, f"{gripper}/gripper_action", callback_group=group)
        self._heart = node.create_publisher(Empty, f"{controller}/heartbeat", stream_qos())
        self._place = node.create_publisher(PoseStamped, PLACE_TOPIC, stream_qos())
        qos = stream_qos(depth=_QUEUE)
        node.create_subscription(JointState, "joint_states", bad_messages.guard("joint_states", self._on_state), qos)
        if simulated:
            node.create_subscription(PoseStamped, POSE_TOPIC, bad_messages.guard(POSE_TOPIC, self._on_pose), qos)
        self._latest: dict[str, float] = {}
        self._time, self._heard = -np.inf, 0.0
        self._recording = Recording()
        self._recorded = False

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The robot's joints."""
        return self._robot.joint_names

    @property
    def recording(self) -> Recording:
        """What was observed between the last `connect` and `release`."""
        return self._recording

    def connect(self) -> None:
        """Waits for the controller and for the first state, and starts a new recording.

        Raises:
            ReplayError: If the robot is not there.
        """
        for client, what in ((self._arm, "joint trajectory controller"), (self._gripper, "gripper")):
            if not client.wait_for_server(self._timeout):
                raise ReplayError(f"There is no {what} on the action '{client._action_name}': start it or name it.")
        self._recording = known = Recording()
        self._recorded = True
        if not self._until(lambda: known.end > -np.inf and (not self._simulated or known.observes_object)):
            raise ReplayError("The joint states, or the pose of the simulated object, do not arrive.")

    def release(self) -> None:
        """Ends the recording."""
        self._recorded = False

    def posture(self) -> Posture:
        """Where the robot is now."""
        q, width = self._measured()
        return Posture(self._time, q, width)

    def follow(
        self, goal: TrajectoryGoal, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Followed:
        """Follows a trajectory to its end."""
        track = {"start": np.nan, "worst": 0.0}

        def on_feedback(message: Any) -> None:
            feedback = message.feedback
            self._heard = time.monotonic()
            elapsed = duration_from_msg(feedback.desired.time_from_start)
            # A controller that does not tell the time from the start is dated by its first feedback.
            if np.isnan(track["start"]):
                track["start"] = time_from_msg(feedback.header.stamp) - elapsed
            if len(feedback.error.positions):
                track["worst"] = max(track["worst"], float(np.abs(feedback.error.positions).max()))
            progress(time_from_msg(feedback.header.stamp) - track["start"])

        accepted, status, result = self._run(self._arm, goal_to_msg(goal), on_feedback, cancelled)
        message = result.error_string if accepted else "the goal was rejected; the controller's log says why."
        success = accepted and status == GoalStatus.STATUS_SUCCEEDED
        return Followed(success, message or f"status {status}", track["start"], track["worst"])

    def grip(self, width: float, force: float, cancelled: Callable[[], bool]) -> Gripped:
        """Moves the fingers."""
        goal = GripperCommand.Goal()
        goal.command.position, goal.command.max_effort = float(width / 2), float(force)
        accepted, status, result = self._run(self._gripper, goal, None, cancelled)
        if not accepted:
            return Gripped(False, "the goal was rejected; the gripper's log says why.", self.posture().width)
        # Fingers that hold an object short of the commanded width have done what they should.
        success = status == GoalStatus.STATUS_SUCCEEDED or result.stalled
        return Gripped(success, f"status {status}, fingers at {2 * result.position:.4f} m", 2 * result.position)

    def place_object(self, T_base_object: FloatArray) -> str | None:
        """Puts the simulated object at a pose and waits until it is seen there."""
        if not self._simulated:
            return None
        message = PoseStamped(pose=pose_to_msg(T_base_object))
        message.header.frame_id = self._robot.base_frame
        self._place.publish(message)

        def there() -> bool:
            T = self._recording.object_at(np.inf)
            return T is not None and bool(np.linalg.norm(T[:3, 3] - T_base_object[:3, 3]) < _PLACED)

        return None if self._until(there) else "it is not seen there; the simulation's log says why."

    def wait(self, seconds: float) -> None:
        """Waits until everything is recorded up to some time from now."""
        end = self._time + seconds
        recording = self._recording
        self._until(lambda: recording.end >= end)

    def _run(
        self,
        client: ThreadSafeActionClient,
        goal: Any,
        on_feedback: Callable[[Any], None] | None,
        cancelled: Callable[[], bool],
    ) -> tuple[bool, int, Any]:
        """Whether the goal was accepted, and the status and result with which it ended."""
        self._heard = time.monotonic()
        handle = self._await(client.send_goal_async(goal, feedback_callback=on_feedback), None)
        if not handle.accepted:
            return False, GoalStatus.STATUS_UNKNOWN, None
        try:
            answer = self._await(handle.get_result_async(), lambda: handle.cancel_goal_async() if cancelled() else None)
        except ReplayError:
            handle.cancel_goal_async()
            raise
        return True, answer.status, answer.result

    def _await(self, future: Future, ask: Callable[[], Future | None] | None) -> Any:
        """The result of a future; meanwhile gives signs of life and asks whether to cancel, once."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        asked = None
        while not done.wait(_HEARTBEAT):
            self._heart.publish(Empty())
            if ask is not None and asked is None:
                asked = ask()
            if time.monotonic() - self._heard > self._timeout:
                raise ReplayError(f"The robot has been silent for {self._timeout:g} s.")
        return future.result()

    def _until(self, condition: Callable[[], bool]) -> bool:
        step, end = threading.Event(), time.monotonic() + self._timeout
        while not condition():
            if time.monotonic() > end:
                return False
            step.wait(0.01)
        return True

    def _measured(self) -> tuple[FloatArray, float]:
        q = np.array([self._latest[name] for name in self._robot.joint_names])
        return q, sum(self._latest.get(name, 0.0) for name in self._robot.gripper.joint_names)

    def _on_state(self, message: JointState) -> None:
        self._latest.update(zip(message.name, message.position, strict=False))
        self._heard = time.monotonic()
        if all(name in self._latest for name in self._robot.joint_names):
            self._time = time_from_msg(message.header.stamp)
            if self._recorded:
                self._recording.add_robot(self._time, *self._measured())

    def _on_pose(self, message: PoseStamped) -> None:
        if self._recorded:
            self._recording.add_object(time_from_msg(message.header.stamp), pose_from_msg(message.pose))
