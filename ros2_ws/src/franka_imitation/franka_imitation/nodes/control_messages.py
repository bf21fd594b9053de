"""Goals, states and results of the controllers to and from ROS messages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance as JointToleranceMsg
from control_msgs.msg import JointTrajectoryControllerState
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from franka_imitation.controller.goal import GoalPoint, JointTolerance, TrajectoryGoal
from franka_imitation.controller.joint_trajectory_controller import Outcome, Progress
from franka_imitation.controller.loop import Cycle
from franka_imitation.controller.spline import Sample
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.messages import time_from_msg, time_to_msg

_NANO = 1_000_000_000


def duration_to_msg(seconds: float) -> Duration:
    """A `Duration`, rounded to the nanosecond; negative ones as rclcpp writes them."""
    nanoseconds = round(seconds * _NANO)
    return Duration(sec=nanoseconds // _NANO, nanosec=nanoseconds % _NANO)


def duration_from_msg(message: Duration) -> float:
    """Seconds."""
    return message.sec + message.nanosec / _NANO


def goal_to_msg(goal: TrajectoryGoal) -> FollowJointTrajectory.Goal:
    """The action's goal."""
    message = FollowJointTrajectory.Goal()
    message.trajectory.header.stamp = time_to_msg(goal.stamp)
    message.trajectory.joint_names = list(goal.joint_names)
    message.trajectory.points = [
        JointTrajectoryPoint(
            positions=point.positions.tolist(),
            velocities=point.velocities.tolist(),
            accelerations=point.accelerations.tolist(),
            time_from_start=duration_to_msg(point.time),
        )
        for point in goal.points
    ]
    message.path_tolerance = [_tolerance_to_msg(tolerance) for tolerance in goal.path_tolerance]
    message.goal_tolerance = [_tolerance_to_msg(tolerance) for tolerance in goal.goal_tolerance]
    message.goal_time_tolerance = duration_to_msg(goal.goal_time_tolerance)
    return message


def goal_from_msg(message: FollowJointTrajectory.Goal) -> TrajectoryGoal:
    """The goal, not yet validated."""
    return TrajectoryGoal(
        *_trajectory_from_msg(message.trajectory),
        path_tolerance=tuple(_tolerance_from_msg(tolerance) for tolerance in message.path_tolerance),
        goal_tolerance=tuple(_tolerance_from_msg(tolerance) for tolerance in message.goal_tolerance),
        goal_time_tolerance=duration_from_msg(message.goal_time_tolerance),
    )


def goal_from_trajectory(message: JointTrajectory) -> TrajectoryGoal:
    """A trajectory from the topic as a goal with the default tolerances, not yet validated."""
    return TrajectoryGoal(*_trajectory_from_msg(message))


def _trajectory_from_msg(message: JointTrajectory) -> tuple[tuple[str, ...], tuple[GoalPoint, ...], float]:
    points = tuple(
        GoalPoint(
            duration_from_msg(point.time_from_start),
            np.array(point.positions, np.float64),
            np.array(point.velocities, np.float64),
            np.array(point.accelerations, np.float64),
            np.array(point.effort, np.float64),
        )
        for point in message.points
    )
    return tuple(message.joint_names), points, time_from_msg(message.header.stamp)


def _tolerance_from_msg(message: JointToleranceMsg) -> JointTolerance:
    return JointTolerance(message.name, message.position, message.velocity, message.acceleration)


def _tolerance_to_msg(tolerance: JointTolerance) -> JointToleranceMsg:
    name, position, velocity, acceleration = (
        tolerance.name,
        tolerance.position,
        tolerance.velocity,
        tolerance.acceleration,
    )
    return JointToleranceMsg(name=name, position=position, velocity=velocity, acceleration=acceleration)


def outcome_to_msg(outcome: Outcome) -> FollowJointTrajectory.Result:
    """The action's result."""
    return FollowJointTrajectory.Result(error_code=outcome.code, error_string=outcome.message)


def feedback_to_msg(cycle: Cycle, joint_names: Sequence[str]) -> FollowJointTrajectory.Feedback:
    """The action's feedback; its points carry the time since the start of the trajectory."""
    progress = cycle.progress
    message = FollowJointTrajectory.Feedback(joint_names=list(joint_names))
    message.header.stamp = time_to_msg(cycle.state.time)
    message.desired = _point(progress.desired, progress.time_from_start)
    message.actual = _point(cycle.state.measured, progress.time_from_start)
    message.error = _error_point(progress)
    return message


def controller_state_to_msg(cycle: Cycle, joint_names: Sequence[str]) -> JointTrajectoryControllerState:
    """What `joint_trajectory_controller` publishes as its state."""
    progress = cycle.progress
    message = JointTrajectoryControllerState(joint_names=list(joint_names), speed_scaling_factor=1.0)
    message.header.stamp = time_to_msg(cycle.state.time)
    message.reference = _point(progress.desired, progress.time_from_start)
    message.feedback = _point(cycle.state.measured, progress.time_from_start)
    message.error = _error_point(progress)
    message.output = _point(cycle.state.commanded, progress.time_from_start)
    return message


def joint_state_to_msg(cycle: Cycle, robot: Robot) -> JointState:
    """Arm and fingers in one message, as joint_state_publisher would merge them."""
    measured, fingers = cycle.state.measured, len(robot.gripper.joint_names)
    return JointState(
        header=Header(stamp=time_to_msg(cycle.state.time), frame_id=robot.base_frame),
        name=[*robot.joint_names, *robot.gripper.joint_names],
        position=[*measured.positions.tolist(), *[cycle.state.width / 2] * fingers],
        velocity=[*measured.velocities.tolist(), *[0.0] * fingers],
    )


def _point(sample: Sample, time: float) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(
        positions=sample.positions.tolist(),
        velocities=sample.velocities.tolist(),
        accelerations=_known(sample.accelerations),
        time_from_start=duration_to_msg(time),
    )


def _error_point(progress: Progress) -> JointTrajectoryPoint:
    position, velocity, acceleration = progress.error
    return _point(Sample(position, velocity, acceleration), progress.time_from_start)


def _known(values: FloatArray) -> list[float]:
    return values.tolist() if np.isfinite(values).all() else []
