"""What a robot behind ROS tells: its joint states and, where it is observed, the pose of its object."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState

from franka_imitation.nodes.observed_pose import ObservationConfig, observed_pose
from franka_imitation.nodes.simulated_object import POSE_TOPIC
from franka_imitation.replay.client import Posture
from franka_imitation.replay.recording import Recording
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.messages import time_from_msg
from rhov_core.nodes import BadMessages, stream_qos

_QUEUE = 1000
"""Messages that may wait here: a simulation may run faster than this node."""
_POLL = 0.01
"""Between two looks at a condition [s]."""


class RobotListener:
    """Keeps the latest posture, and a recording while one is wanted.

    Args:
        node: The node that listens.
        robot: Names of the joints.
        object_topic: Of the object's pose with covariance, in the robot's base frame or in the camera's; empty: that of
            the simulation, if there is one.
        simulated: Whether there is a simulated object.
        observation: What its poses have to keep to.
        bad_messages: Where messages are reported that cannot be used.
    """

    def __init__(
        self,
        node: Node,
        robot: Robot,
        object_topic: str,
        simulated: bool,
        observation: ObservationConfig,
        bad_messages: BadMessages,
    ) -> None:
        self._robot, self._observation = robot, observation
        self.T_base_camera: FloatArray = np.eye(4)
        """(4, 4) carries poses that are in the camera's frame."""
        self._latest: dict[str, float] = {}
        self._recorded = False
        self.recording = Recording()
        """What was observed since `start`, up to `stop`."""
        self.time = -np.inf
        """Of the last complete posture [s of the robot's clock]."""
        self.heard = 0.0
        """When the robot last said anything [s of the monotonic clock]."""
        qos = stream_qos(depth=_QUEUE)
        node.create_subscription(JointState, "joint_states", bad_messages.guard("joint_states", self._on_state), qos)
        self.observes_object = bool(object_topic) or simulated
        """Whether poses of the object are expected."""
        topic = object_topic or POSE_TOPIC
        guarded = bad_messages.guard(topic, self._on_pose)
        if object_topic:
            node.create_subscription(PoseWithCovarianceStamped, topic, guarded, qos)
        elif simulated:
            node.create_subscription(PoseStamped, topic, guarded, qos)

    def start(self) -> None:
        """Starts a new recording."""
        self.recording, self._recorded = Recording(), True

    def stop(self) -> None:
        """Ends the recording."""
        self._recorded = False

    def posture(self) -> Posture:
        """The latest posture."""
        q = np.array([self._latest[name] for name in self._robot.joint_names])
        width = sum(self._latest.get(name, 0.0) for name in self._robot.gripper.joint_names)
        return Posture(self.time, q, width)

    def until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Waits for a condition on what was heard; False when the time is over."""
        step, end = threading.Event(), time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                return False
            step.wait(_POLL)
        return True

    def _on_state(self, message: JointState) -> None:
        self._latest.update(zip(message.name, message.position, strict=False))
        self.heard = time.monotonic()
        if all(name in self._latest for name in self._robot.joint_names):
            self.time = time_from_msg(message.header.stamp)
            if self._recorded:
                self.recording.add_robot(*self.posture())

    def _on_pose(self, message: PoseStamped | PoseWithCovarianceStamped) -> None:
        if self._recorded and np.isfinite(self.time):
            arguments = self._robot.base_frame, self.T_base_camera, self.time, self._observation
            self.recording.add_object(*observed_pose(message, *arguments))
