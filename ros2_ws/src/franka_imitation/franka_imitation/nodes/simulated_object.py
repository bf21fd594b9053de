"""The simulated object on topics: where it is, and where to put it."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from std_msgs.msg import Header

from franka_imitation.controller.loop import ControlLoop
from franka_imitation.hardware.simulated import SimulatedRobot
from rhov_core.errors import InputError
from rhov_core.messages import pose_from_msg, pose_to_msg, time_to_msg
from rhov_core.nodes import QOS_OVERRIDES, BadMessages, stream_qos

POSE_TOPIC = "object_pose_sim"
PLACE_TOPIC = "set_object_pose"


class SimulatedObject:
    """Publishes the object's pose in the robot's base frame and puts it where a message says.

    Args:
        node: The node.
        loop: Runs the robot.
        robot: The simulation.
        bad_messages: Where poses are reported at which the object cannot be.
        depth: Messages kept for a slow receiver.
    """

    def __init__(
        self, node: Node, loop: ControlLoop, robot: SimulatedRobot, bad_messages: BadMessages, depth: int
    ) -> None:
        self._loop, self._robot = loop, robot
        self._publisher = node.create_publisher(
            PoseStamped, POSE_TOPIC, stream_qos(depth=depth), qos_overriding_options=QOS_OVERRIDES
        )
        self._subscription = node.create_subscription(
            PoseStamped, PLACE_TOPIC, bad_messages.guard(PLACE_TOPIC, self._place), stream_qos()
        )

    def publish(self, time: float) -> None:
        """Publishes the pose at a time of the robot's clock [s]."""
        header = Header(stamp=time_to_msg(time), frame_id=self._robot.robot.base_frame)
        self._publisher.publish(PoseStamped(header=header, pose=pose_to_msg(self._robot.T_base_object)))

    def _place(self, message: PoseStamped) -> None:
        frame = self._robot.robot.base_frame
        if message.header.frame_id not in ("", frame):
            raise InputError(
                f"the pose is in '{message.header.frame_id}'", f"the frame '{frame}'", "transform the pose first"
            )
        T = pose_from_msg(message.pose)
        with self._loop.between_cycles():
            reason = "A goal is being followed." if self._loop.busy else self._robot.place_object(T)
        if reason:
            raise InputError(
                f"the object cannot be placed ({reason.rstrip('.')})", "a free place", "move the robot or the pose"
            )
