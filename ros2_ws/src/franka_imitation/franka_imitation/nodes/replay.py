"""The `replay` action: sends a planned motion to a robot through its trajectory controller and its gripper."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Replay

from franka_imitation.closed_loop import FeedbackConfig
from franka_imitation.nodes.observed_pose import ObservationConfig
from franka_imitation.nodes.ros_client import RosClient
from franka_imitation.replay import ReplayConfig, Replayer, ReplayOutcome, judged
from franka_imitation.replay.watching import recovery_for
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks, SafetyConfig
from rhov_core.config import check_ranges, setting
from rhov_core.errors import RhovError
from rhov_core.nodes import BadMessages, Diagnostics, declare_config, run_node
from rhov_core.object_model import ObjectModel

_THREADS = 4
"""The replay waits in one; messages and answers arrive in others."""


@dataclass(frozen=True)
class ReplayNodeConfig:
    """Settings of the node; those of the replay and of its checks have their own."""

    robot: str = setting("panda", "robot description: panda, fr3, panda_2f85, or the path of a YAML file")
    controller: str = setting("arm_controller", "name of the joint trajectory controller")
    gripper: str = setting("franka_gripper", "name of the gripper")
    object_pose_topic: str = setting(
        "",
        "object's measured pose with covariance, in the robot's base frame or the camera's; empty: of the simulation",
    )
    mesh_file_path: str = setting(
        "", "mesh of the object [m], for the video and to take up again what was lost; empty: neither"
    )
    video: bool = setting(True, "write rollout.mp4 where the object's pose is observed")
    simulated: bool = setting(True, "the robot is simulated and its object can be placed and observed")
    timeout: float = setting(10.0, "longest silence of the robot before a goal is given up [s]", low=0.5)

    def __post_init__(self) -> None:
        check_ranges(self)


class ReplayNode(Node):
    """One replay at a time."""

    def __init__(self) -> None:
        super().__init__("replay")
        self._config = declare_config(self, ReplayNodeConfig)
        self._replay_config = declare_config(self, ReplayConfig)
        self._robot = Robot.load(self._config.robot)
        self._checks = SafetyChecks(self._robot, declare_config(self, SafetyConfig, "safety"))
        mesh = self._config.mesh_file_path
        self._feedback = declare_config(self, FeedbackConfig, "feedback_loop")
        self._object_model = ObjectModel.load(mesh, repair=True) if mesh else None
        self._bad = BadMessages(self)
        self._diagnostics = Diagnostics(self, self._bad)
        config = self._config
        self._client = RosClient(
            self,
            self._robot,
            config.controller,
            config.gripper,
            config.simulated,
            config.object_pose_topic,
            declare_config(self, ObservationConfig, "observation"),
            config.timeout,
            self._bad,
        )
        self._busy, self._ending = threading.Lock(), threading.Event()
        self._server = ActionServer(
            self,
            Replay,
            "replay",
            execute_callback=self._execute,
            goal_callback=self._judge,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def end(self) -> int:
        """Brings the robot to rest before the node ends; the exit status."""
        self._ending.set()
        return 0 if self._busy.acquire(timeout=self._config.timeout) else 1

    def _judge(self, request: Replay.Goal) -> GoalResponse:
        if self._busy.locked() or self._ending.is_set():
            self.get_logger().warning("A replay was refused: another one is running.")
            return GoalResponse.REJECT
        if not 0.0 <= request.speed <= 1.0:
            self.get_logger().warning(f"A replay was refused: its speed is {request.speed:g}, accepted is 0 to 1.")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _execute(self, handle: ServerGoalHandle) -> Replay.Result:
        with self._busy:
            try:
                outcome = self._replay(handle)
            except RhovError as error:
                self.get_logger().error(str(error))
                self._diagnostics.warn(str(error))
                (handle.canceled if handle.is_cancel_requested else handle.abort)()
                return _result(False, str(error))
            finally:
                self._client.release()
        self._diagnostics.ok()
        self.get_logger().info(outcome.sentence())
        handle.succeed()
        return _result(outcome.success, outcome.sentence(), *outcome.figures())

    def _replay(self, handle: ServerGoalHandle) -> ReplayOutcome:
        request = handle.request
        feedback = Replay.Feedback(stage="checking", message=f"reading {request.directory}")
        handle.publish_feedback(feedback)

        def tell(stage: str, progress: float, message: str) -> None:
            handle.publish_feedback(Replay.Feedback(stage=stage, progress=float(progress), message=message))

        result = ImitationResult.load(request.directory)
        self._client.connect(result.plan.T_table_camera)
        recording = self._client.recording
        config = replace(self._replay_config, speed=request.speed or self._replay_config.speed)
        model = self._object_model
        recovery = recovery_for(result, model, self._robot) if model else None
        replayer = Replayer(self._client, self._robot, self._checks, config, self._feedback, recovery, result.config)
        replayed = replayer.run(
            result.plan,
            dry_run=request.dry_run,
            progress=tell,
            cancelled=lambda: handle.is_cancel_requested or self._ending.is_set(),
        )
        outcome = judged(result, replayed, recording, self._checks)
        outcome.save(
            request.directory,
            model if self._config.video else None,
            progress=lambda stage, fraction: tell("done", 1.0, "drawing the video"),
        )
        return outcome


def _result(
    success: bool, message: str, fraction: float = -1.0, position: float = -1.0, rotation: float = -1.0
) -> Replay.Result:
    return Replay.Result(
        success=success, message=message, fraction_matched=fraction, position_error=position, rotation_error=rotation
    )


def main() -> None:
    """Runs the node."""
    run_node(ReplayNode, threads=_THREADS, on_signal=ReplayNode.end)


if __name__ == "__main__":
    main()
