"""A plan carried out with feedback on the object's pose, through the controllers of a robot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from franka_imitation.closed_loop import Execution, Executor, FeedbackConfig
from franka_imitation.closed_loop.correction import SHARE
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.demonstration import Demonstration, smoothed
from franka_imitation.kinematics import Kinematics
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.planner import Planner
from franka_imitation.replay.client import RobotClient
from franka_imitation.replay.recording import Recording
from franka_imitation.replay.set_point_stream import SetPointStream
from franka_imitation.replay.steps import TimeMap
from franka_imitation.replay.watched_robot import WatchedRobot
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks, SafetyConfig
from franka_imitation.scaled_object import scaled
from franka_imitation.scene import build_scene
from rhov_core.arrays import FloatArray
from rhov_core.object_model import ObjectModel
from rhov_core.pose import inverse, make_transform, quaternion_from_rotation, rotation_from_quaternion


@dataclass(frozen=True)
class Watched:
    """What became of a plan that was carried out with feedback."""

    execution: Execution
    """Its states are those of when set-points were sent; see `seen`."""
    robot_time: FloatArray
    """(N,) when its instants were [s of the robot's clock]."""
    goals: int
    """That were sent."""
    largest_error: float
    """Between a set-point and the measured position of any joint [rad]."""
    grasp_width: float
    """Distance of the fingers when they had closed last [m]."""

    def seen(self, recording: Recording) -> Execution:
        """The execution with what was observed at its instants."""
        return replace(self.execution, state=recording.rollout(self.robot_time).state)

    def times(self, plan: MotionPlan) -> TimeMap:
        """When the parts of the plan were; of what was repeated, the last time."""
        due, times = self.execution.due, TimeMap()
        frames = np.flatnonzero(due >= 0)
        known = [0.0, *plan.frame_due[frames]]
        robot = [self.robot_time[0], *self.robot_time[due[frames]]]
        times.join(known, robot)
        return times


def watch(
    plan: MotionPlan,
    client: RobotClient,
    checks: SafetyChecks,
    feedback: FeedbackConfig,
    speed: float,
    cutoff: float,
    recovery: Callable[[], Recovery] | None,
    tell: Callable[[float, bool], None],
    cancelled: Callable[[], bool],
) -> Watched:
    """Carries a plan out from its start posture, with open fingers.

    Args:
        plan: The motion.
        client: The robot, which observes its object.
        checks: Every corrected piece of the motion has to keep to them; a correction, which is as slow as the
            plan, may use more of the limits.
        feedback: How measured poses change the motion.
        speed: Fraction of the planned speed.
        cutoff: Frequency at which the plan's demonstration was low-passed [Hz].
        recovery: Makes plans for an object that was lost; None: it is not taken up again.
        tell: Is told the time of the plan [s] and whether the fingers move.
        cancelled: When it turns true the robot comes to rest.

    Raises:
        ReplayError: If the robot does not follow, or when cancelled; it comes to rest.
    """
    robot, config = checks.robot, checks.config
    stream = SetPointStream(client, SafetyChecks(robot, with_corrections(config, speed)), speed, plan.q[0])
    reached = 0.0

    def progress(time: float) -> None:
        nonlocal reached
        reached = time
        tell(time, False)

    workplace = WatchedRobot(client, stream, lambda: tell(reached, True), cancelled)
    anything = ObjectModel.box([0.05, 0.05, 0.05])
    kinematics = Kinematics(build_scene(robot, anything), config.position_margin)
    executor = Executor(workplace, kinematics, robot, feedback, recovery, progress)
    execution = executor.run(plan, wanted_poses(plan, cutoff))
    stream.close()
    times = stream.robot_times(execution.time)
    return Watched(execution, times, stream.goals, stream.largest_error, workplace.grasp_width)


def with_corrections(config: SafetyConfig, speed: float) -> SafetyConfig:
    """What a corrected motion has to keep to: corrections are as slow as the plan, at a fraction `speed` of its own."""
    return replace(config, limit_fraction=min(1.0, config.limit_fraction + SHARE * speed))


def wanted_poses(plan: MotionPlan, cutoff: float) -> FloatArray:
    """(F, 4, 4) T_table_object of a plan's frames without jitter, low-passed as its demonstration was [Hz]."""
    T, ones = plan.T_table_object, np.ones(len(plan.frame_due))
    quaternion = quaternion_from_rotation(T[:, :3, :3])
    flips = np.where((quaternion[1:] * quaternion[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    quaternion[1:] *= np.cumprod(flips)[:, None]
    values = smoothed(plan.frame_due, np.concatenate([T[:, :3, 3], quaternion], axis=1), ones, cutoff / plan.slowdown)
    return make_transform(rotation_from_quaternion(values[:, 3:]), values[:, :3])


def recovery_for(result: ImitationResult, object_model: ObjectModel, robot: Robot) -> Callable[[], Recovery]:
    """Makes plans for an object that was lost, when first needed.

    Args:
        result: What is replayed.
        object_model: Its object, as in the mesh file.
        robot: That replays it.
    """

    def make() -> Recovery:
        plan, config = result.plan, result.config
        planner = Planner(scaled(object_model, result.report["object"]["scale"]), robot, config)
        camera = inverse(plan.T_table_camera)
        time = (plan.frame_due - plan.frame_due[0]) / plan.slowdown
        shown = Demonstration(
            time, plan.frame_index, camera @ plan.T_table_object, camera @ wanted_poses(plan, config.cutoff)
        )
        return Recovery(planner, shown, plan.T_table_camera, config)

    return make
