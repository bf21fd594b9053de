"""A joint trajectory controller and a gripper controller in front of a simulated robot.

Where ros2_control and franka_ros2 run, this node is not started and theirs take its place: the actions and topics
have the same names and meaning. Its time is the robot's: with `time_scale` other than 1 the stamps that it
publishes and the times in goals are those of the simulation, which runs so many times faster than the wall's clock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from control_msgs.msg import JointTrajectoryControllerState
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Empty
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from franka_imitation.controller.gripper_controller import GripperConfig
from franka_imitation.controller.joint_trajectory_controller import ControllerConfig
from franka_imitation.controller.loop import ControlLoop, Cycle, run
from franka_imitation.hardware.generator import GeneratorConfig
from franka_imitation.hardware.servo import ServoConfig
from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.nodes.control_messages import controller_state_to_msg, goal_from_trajectory, joint_state_to_msg
from franka_imitation.nodes.goal_servers import FollowServer, GripperServer
from franka_imitation.nodes.simulated_object import SimulatedObject
from franka_imitation.robot import Robot
from franka_imitation.scaled_object import scaled
from franka_imitation.scene import SceneConfig, build_scene
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.nodes import QOS_OVERRIDES, BadMessages, Diagnostics, declare_config, run_node, stream_qos
from rhov_core.object_model import ObjectModel

_THREADS = 8
"""Goals wait for their ends in threads: two of each action, and some for services and topics."""
_QUEUE = 1000
"""Messages kept for a slow receiver: a simulation may run faster than it."""


@dataclass(frozen=True)
class TrajectoryControllerConfig:
    """Settings of the node; those of its parts have their own."""

    robot: str = setting("panda", "robot description: panda, fr3, panda_2f85, or the path of a YAML file")
    controller: str = setting("arm_controller", "name of the trajectory controller, first part of its topics")
    gripper: str = setting("franka_gripper", "name of the gripper, first part of its action")
    mesh_file_path: str = setting("", "mesh of the object on the table [m]; empty: a cube of 5 cm")
    object_scale: float = setting(1.0, "factor of the mesh's size, as in the reconstruction", low=1e-3, high=1e3)
    time_scale: float = setting(
        1.0, "simulated seconds per second; 0: as fast as possible while a goal is followed", low=0.0, high=1000.0
    )
    state_rate: float = setting(
        30.0, "rate of the joint states and the object's pose [Hz of the robot's clock]", low=1.0, high=250.0
    )
    feedback_rate: float = setting(
        10.0, "rate of the actions' feedback and the controller's state [Hz of the robot's clock]", low=1.0, high=250.0
    )
    client_timeout: float = setting(
        1.0, "silence after which a client with a heartbeat is taken for dead [s]", low=0.05
    )

    def __post_init__(self) -> None:
        check_ranges(self)


class TrajectoryController(Node):
    """The control loop runs in a thread of its own; callbacks hand goals to it."""

    def __init__(self) -> None:
        super().__init__("trajectory_controller")
        config = declare_config(self, TrajectoryControllerConfig)
        scene_config = declare_config(self, SceneConfig, "scene")
        mesh = config.mesh_file_path
        model = ObjectModel.load(mesh) if mesh else ObjectModel.box([0.05, 0.05, 0.05], "cube")
        scene = build_scene(Robot.load(config.robot), scaled(model, config.object_scale), scene_config)
        self._robot = SimulatedRobot(
            scene,
            declare_config(self, GeneratorConfig, "generator"),
            declare_config(self, ServoConfig, "servo"),
            self.get_clock().now().nanoseconds * 1e-9,
        )
        self._robot.connect()
        constraints = declare_config(self, ControllerConfig, "constraints")
        grip = declare_config(self, GripperConfig, "gripper_action")
        self._loop = ControlLoop(self._robot, constraints, grip, config.client_timeout)
        self._config, self._cycles, self._fault = config, 0, ""
        self._bad = BadMessages(self)
        self._diagnostics = Diagnostics(self, self._bad)
        self._interfaces(config)
        self._stop = threading.Event()
        arguments = (self._loop, self._stop, config.time_scale, self._on_cycle)
        self._thread = threading.Thread(target=run, args=arguments, name="control", daemon=True)
        self._thread.start()

    def _interfaces(self, config: TrajectoryControllerConfig) -> None:
        self._follow = FollowServer(self, self._loop, config.controller)
        self._grip = GripperServer(self, self._loop, config.gripper)
        self._object = SimulatedObject(self, self._loop, self._robot, self._bad, _QUEUE)
        qos, overrides = stream_qos(depth=_QUEUE), QOS_OVERRIDES
        self._joint_states = self.create_publisher(JointState, "joint_states", qos, qos_overriding_options=overrides)
        self._state = self.create_publisher(
            JointTrajectoryControllerState,
            f"{config.controller}/controller_state",
            qos,
            qos_overriding_options=overrides,
        )
        group = ReentrantCallbackGroup()
        topic = f"{config.controller}/joint_trajectory"
        guarded = self._bad.guard(topic, self._on_trajectory)
        self.create_subscription(JointTrajectory, topic, guarded, stream_qos(), callback_group=group)
        heartbeat = f"{config.controller}/heartbeat"
        self.create_subscription(Empty, heartbeat, lambda _: self._loop.heartbeat(), stream_qos(), callback_group=group)
        self.create_service(Trigger, "~/emergency_stop", self._on_emergency_stop, callback_group=group)
        self.create_service(Trigger, "~/recover", self._on_recover, callback_group=group)

    def destroy_node(self) -> None:
        """Ends the control loop first."""
        self._stop.set()
        self._thread.join(2.0)
        self._follow.close()
        self._grip.close()
        super().destroy_node()

    def _on_cycle(self, cycle: Cycle) -> None:
        """After each cycle, in the thread of the loop."""
        feedback_due = self._due(self._config.feedback_rate)
        self._follow.on_cycle(cycle, feedback_due)
        self._grip.on_cycle(cycle, feedback_due)
        if self._due(self._config.state_rate):
            self._joint_states.publish(joint_state_to_msg(cycle, self._robot.robot))
            self._object.publish(self._robot.time)
        if feedback_due:
            self._state.publish(controller_state_to_msg(cycle, self._robot.robot.joint_names))
        if (cycle.state.fault or "") != self._fault:
            self._show(cycle.state.fault or "")
        self._cycles += 1

    def _due(self, rate: float) -> bool:
        return self._cycles % max(1, round(1 / (rate * self._robot.period))) == 0

    def _show(self, fault: str) -> None:
        self._fault = fault
        if fault:
            self.get_logger().error(f"The robot is stopped until ~/recover is called: {fault}")
            self._diagnostics.error(f"stopped: {fault}")
        else:
            self.get_logger().info("The robot accepts goals again.")
            self._diagnostics.ok()

    def _on_trajectory(self, message: JointTrajectory) -> None:
        goal = goal_from_trajectory(message)
        reason = self._loop.refusal(goal)
        if reason:
            raise InputError(reason.rstrip("."), "what joint_trajectory_controller accepts", "correct the trajectory")
        self._loop.follow(goal)

    def _on_emergency_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._loop.emergency_stop("Emergency stop was called.")
        response.success, response.message = True, "The arm comes to rest; call recover before the next goal."
        return response

    def _on_recover(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        reason = self._loop.recover()
        response.success, response.message = reason is None, reason or "Goals are accepted again."
        return response


def main() -> None:
    """Runs the node."""
    run_node(TrajectoryController, threads=_THREADS)


if __name__ == "__main__":
    main()
