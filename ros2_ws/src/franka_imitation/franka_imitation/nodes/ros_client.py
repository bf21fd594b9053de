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
from std_msgs.msg import Empty

from franka_imitation.controller.goal import TrajectoryGoal
from franka_imitation.nodes.control_messages import duration_from_msg, goal_to_msg
from franka_imitation.nodes.goal_stream import GoalStream
from franka_imitation.nodes.observed_pose import ObservationConfig
from franka_imitation.nodes.robot_listener import RobotListener
from franka_imitation.nodes.simulated_object import PLACE_TOPIC
from franka_imitation.replay.client import Followed, Gripped, Posture, ReplayError
from franka_imitation.replay.recording import Recording
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.messages import pose_to_msg, time_from_msg
from rhov_core.nodes import BadMessages, ThreadSafeActionClient, stream_qos

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
        simulated: Whether the object can be placed.
        object_topic: Of the object's measured pose; empty: that of the simulation, if there is one.
        observation: What its poses have to keep to.
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
        object_topic: str,
        observation: ObservationConfig,
        timeout: float,
        bad_messages: BadMessages,
    ) -> None:
        self._node, self._robot, self._timeout, self._simulated = node, robot, timeout, simulated
        group = ReentrantCallbackGroup()
        name = f"{controller}/follow_joint_trajectory"
        self._arm = ThreadSafeActionClient(node, FollowJointTrajectory, name, callback_group=group)
        self._gripper = ThreadSafeActionClient(node, GripperCommand, f"{gripper}/gripper_action", callback_group=group)
        self._heart = node.create_publisher(Empty, f"{controller}/heartbeat", stream_qos())
        self._stream = GoalStream(self._arm, timeout)
        self._place = node.create_publisher(PoseStamped, PLACE_TOPIC, stream_qos())
        self._listener = RobotListener(node, robot, object_topic, simulated, observation, bad_messages)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The robot's joints."""
        return self._robot.joint_names

    @property
    def simulated(self) -> bool:
        """Whether the node was told that the robot is simulated."""
        return self._simulated

    @property
    def recording(self) -> Recording:
        """What was observed between the last `connect` and `release`."""
        return self._listener.recording

    def connect(self, T_base_camera: FloatArray) -> None:
        """Waits for the controller and for the first state, and starts a new recording.

        Args:
            T_base_camera: (4, 4) carries measured poses of the object that are in the camera's frame.

        Raises:
            ReplayError: If the robot is not there.
        """
        for client, what in ((self._arm, "joint trajectory controller"), (self._gripper, "gripper")):
            if not client.wait_for_server(self._timeout):
                raise ReplayError(f"There is no {what} on the action '{client._action_name}': start it or name it.")
        self._listener.T_base_camera = T_base_camera
        self._listener.start()
        known = self._listener.recording
        if not self._until(
            lambda: known.end > -np.inf and (known.observes_object or not self._listener.observes_object)
        ):
            raise ReplayError("The joint states, or the poses of the object, do not arrive.")

    def release(self) -> None:
        """Ends the recording."""
        self._listener.stop()

    def posture(self) -> Posture:
        """Where the robot is now."""
        return self._listener.posture()

    def follow(
        self, goal: TrajectoryGoal, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Followed:
        """Follows a trajectory to its end."""
        track = {"start": np.nan, "worst": 0.0}

        def on_feedback(message: Any) -> None:
            feedback = message.feedback
            self._listener.heard = time.monotonic()
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
        start = self._listener.time - goal.duration if np.isnan(track["start"]) else track["start"]
        if success and not self._until(lambda: self._listener.time >= start + goal.duration):
            message, success = "the joint states do not arrive any more.", False
        return Followed(success, message or f"status {status}", start, track["worst"])

    def stream(self, goal: TrajectoryGoal, *, anew: bool) -> str | None:
        """Sends a trajectory; what became of those before is told with the next."""
        return self._stream.send(goal, anew=anew)

    def until(self, time: float) -> bool:
        """Waits until the joint states have reached a time [s]."""
        return self._until(lambda: self._listener.time >= time)

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
            T = self._listener.recording.object_at(np.inf)
            return T is not None and bool(np.linalg.norm(T[:3, 3] - T_base_object[:3, 3]) < _PLACED)

        return None if self._until(there) else "it is not seen there; the simulation's log says why."

    def wait(self, seconds: float) -> None:
        """Waits until everything is recorded up to some time from now."""
        end = self._listener.time + seconds
        recording = self._listener.recording
        self._until(lambda: recording.end >= end)

    def _run(
        self,
        client: ThreadSafeActionClient,
        goal: Any,
        on_feedback: Callable[[Any], None] | None,
        cancelled: Callable[[], bool],
    ) -> tuple[bool, int, Any]:
        """Whether the goal was accepted, and the status and result with which it ended."""
        self._listener.heard = time.monotonic()
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
            if time.monotonic() - self._listener.heard > self._timeout:
                raise ReplayError(f"The robot has been silent for {self._timeout:g} s.")
        return future.result()

    def _until(self, condition: Callable[[], bool]) -> bool:
        return self._listener.until(condition, self._timeout)
