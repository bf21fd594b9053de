"""The `imitate` action: finds a robot motion that makes the object follow a reconstruction."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nav_msgs.msg import Path as PathMsg
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rhov_msgs.action import Imitate
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from franka_imitation.config import ImitationConfig
from franka_imitation.imitate import imitate
from franka_imitation.nodes.imitation_messages import markers_to_msg, path_to_msg, result_to_msg
from franka_imitation.placement import Placement
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from rhov_core.config import setting
from rhov_core.errors import InputError, PlanningError, RhovError
from rhov_core.messages import trajectory_from_msg, transform_to_msg
from rhov_core.nodes import QOS_OVERRIDES, Diagnostics, declare_config, latched_qos, run_node
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory

METHODS = ("plan", "policy")
_THREADS = 3
"""The planning runs in one; cancel requests must still get through."""
_FEEDBACK_PERIOD = 0.2
"""Between two feedback messages of one stage [s]."""
_END_TIMEOUT = 5.0
"""How long the end of the node waits for the planning to notice [s]."""


@dataclass(frozen=True)
class ImitationNodeConfig:
    """Settings of the node; those of the planning have their own."""

    method: Literal["plan", "policy"] = setting("plan", "how the motion is found if the goal does not say")
    policy_directory: str = setting("", "folder of a `rhov train`, for the method policy")
    mesh_file_path: str = setting("", "mesh of the object [m] if the goal does not say")
    placement_file: str = setting("", "placement.yaml that says where the camera stands; empty: searched")
    video: bool = setting(True, "write rollout.mp4 with the result")


class ImitationNode(Node):
    """One imitation at a time."""

    def __init__(self) -> None:
        super().__init__("imitation")
        self._config = declare_config(self, ImitationNodeConfig)
        self._planning = declare_config(self, ImitationConfig)
        self._robot = Robot.load(self._planning.robot)
        self._diagnostics = Diagnostics(self)
        self._busy, self._ending = threading.Lock(), threading.Event()
        qos, overrides = latched_qos(), QOS_OVERRIDES
        self._path = self.create_publisher(PathMsg, "imitation_path", qos, qos_overriding_options=overrides)
        self._markers = self.create_publisher(MarkerArray, "imitation_markers", qos, qos_overriding_options=overrides)
        self._static = self.create_publisher(TFMessage, "/tf_static", qos, qos_overriding_options=overrides)
        self._server = ActionServer(
            self,
            Imitate,
            "imitate",
            execute_callback=self._execute,
            goal_callback=self._judge,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def end(self) -> int:
        """Has a running search end; the exit status."""
        self._ending.set()
        return 0 if self._busy.acquire(timeout=_END_TIMEOUT) else 1

    def _judge(self, request: Imitate.Goal) -> GoalResponse:
        if self._busy.locked() or self._ending.is_set():
            self.get_logger().warning("An imitation was refused: another one is running.")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _execute(self, handle: ServerGoalHandle) -> Imitate.Result:
        with self._busy:
            try:
                result = self._imitate(handle)
            except RhovError as error:
                self.get_logger().error(str(error))
                self._diagnostics.warn(str(error))
                (handle.canceled if handle.is_cancel_requested else handle.abort)()
                return Imitate.Result(success=False, message=str(error))
        self._diagnostics.ok()
        handle.succeed()
        return result

    def _imitate(self, handle: ServerGoalHandle) -> Imitate.Result:
        request: Imitate.Goal = handle.request
        method = request.method or self._config.method
        if method not in METHODS:
            raise InputError(f"the method is '{method}'", " or ".join(METHODS), "leave the method empty")
        mesh = Path(request.mesh_file_path or self._config.mesh_file_path)
        object_model = ObjectModel.load(mesh)
        trajectory = _trajectory(request)

        def cancelled() -> bool:
            return bool(handle.is_cancel_requested or self._ending.is_set())

        tell = _Feedback(handle)
        if method == "policy":
            from franka_imitation.learning.imitate_with_policy import imitate_with_policy  # torch loads slowly

            directory = self._config.policy_directory
            if not directory:
                raise InputError("there is no policy", "the folder of a `rhov train`", "set policy_directory")
            result = imitate_with_policy(trajectory, object_model, directory, self._planning, progress=tell)
        else:
            placement = Placement.load(self._config.placement_file) if self._config.placement_file else None
            result = imitate(trajectory, object_model, self._planning, placement, progress=tell, cancelled=cancelled)
        if cancelled():
            raise PlanningError("The imitation was cancelled.")
        if request.output_directory:
            video = object_model if self._config.video else None
            result.save(request.output_directory, video, progress=tell)
        self._publish(result, mesh, trajectory.object_scale, request.trajectory.header.frame_id)
        self.get_logger().info(result.sentence())
        return result_to_msg(result, Header(frame_id=self._robot.base_frame))

    def _publish(self, result: ImitationResult, mesh: Path, scale: float, camera_frame: str) -> None:
        """Publishes the plan for viewers, and where the camera stands if its frame has a name."""
        header = Header(frame_id=self._robot.base_frame, stamp=self.get_clock().now().to_msg())
        self._path.publish(path_to_msg(result.plan, header))
        self._markers.publish(markers_to_msg(result.plan, header, mesh, scale))
        if camera_frame:
            transform = transform_to_msg(result.plan.T_table_camera, header, camera_frame)
            self._static.publish(TFMessage(transforms=[transform]))


class _Feedback:
    """Sends progress as feedback, not too often."""

    def __init__(self, handle: ServerGoalHandle) -> None:
        self._handle = handle
        self._stage, self._sent = "", 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if stage != self._stage or now - self._sent > _FEEDBACK_PERIOD:
            self._stage, self._sent = stage, now
            self._handle.publish_feedback(Imitate.Feedback(stage=stage, progress=float(fraction)))


def _trajectory(request: Imitate.Goal) -> HandObjectTrajectory:
    """What the goal holds or points at.

    Raises:
        InputError: If it does neither, or the trajectory is damaged.
    """
    if len(request.trajectory.frame_index):
        return trajectory_from_msg(request.trajectory)
    if request.trajectory_path:
        return HandObjectTrajectory.load(request.trajectory_path)
    raise InputError("the goal has no trajectory", "a trajectory or trajectory_path", "give one of them")


def main() -> None:
    """Runs the node."""
    run_node(ImitationNode, threads=_THREADS, on_signal=ImitationNode.end)


if __name__ == "__main__":
    main()
