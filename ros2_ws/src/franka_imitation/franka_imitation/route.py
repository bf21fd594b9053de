"""Where the arm goes, before it is decided when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.grasps import Grasp
from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.robot import Robot
from franka_imitation.timing import Motion, check_limits, find_pace, hold, joined, paced, rest_to_rest
from rhov_core.arrays import FloatArray

_SQUEEZE = 0.02
"""The closing command is this much narrower than the object, so that the fingers press [m]."""
_SETTLE = 0.4
"""From when the fingers should touch until the object is lifted [s]."""
_PAUSE = 0.3
"""Before the demonstration is followed, and at the end [s]."""
_CONTROLLER_ROOM = 1.11
"""A refined motion may use this much more than the planned fraction of the limits."""


@dataclass(frozen=True)
class Route:
    """Postures of all phases of a motion [rad], and the grasp and the placement that they belong to."""

    T_table_camera: FloatArray
    """(4, 4)"""
    T_table_object_start: FloatArray
    """(4, 4)"""
    grasp: Grasp
    grip_force: float
    """Of each finger on the object [N]."""
    q_approach: FloatArray
    """(W, 7) corners from the robot's start posture to before the grasp."""
    q_reach: FloatArray
    """(N, 7) straight to the grasp."""
    q_lift: FloatArray
    """(N, 7) straight up."""
    q_transfer: FloatArray
    """(W, 7) corners to the first posture of the demonstration."""
    q_follow: FloatArray
    """(F, 7) one posture for each frame of the demonstration."""


def timed(route: Route, demonstration: Demonstration, robot: Robot, config: ImitationConfig) -> MotionPlan:
    """Decides when the arm is where, within the robot's limits.

    Args:
        route: Where it goes.
        demonstration: Gives the times of the frames.
        robot: Gives the limits.
        config: Used fraction of the limits, rate of the set-points.

    Raises:
        PlanningError: If the motion does not keep within the limits.
    """
    period, slow = 1 / config.control_rate, config.transfer_fraction
    closing = max(route.grasp.width - _SQUEEZE, 0.0)
    close_time = (route.grasp.opening - route.grasp.width) / robot.gripper.max_speed + _SETTLE
    pace = find_pace(demonstration.time, route.q_follow, robot, config.limit_fraction)
    motions = {
        "approach": _cornered(route.q_approach, robot, slow, period),
        "reach": rest_to_rest(route.q_reach, robot, slow, period),
        "close": hold(route.q_lift[0], close_time, period),
        "lift": rest_to_rest(route.q_lift, robot, slow, period),
        "transfer": joined([_cornered(route.q_transfer, robot, slow, period), hold(route.q_follow[0], _PAUSE, period)]),
        "follow": paced(demonstration.time, route.q_follow, pace, period),
        "hold": hold(route.q_follow[-1], _PAUSE, period),
    }
    motion = joined(list(motions.values()))
    fraction = min(1.0, _CONTROLLER_ROOM * config.limit_fraction)
    check_limits(robot, motion, period, config.joint_margin, fraction)
    lengths = [len(part.q) - 1 for part in motions.values()]
    phase = np.repeat(np.arange(len(PHASES)), lengths)
    phase = np.concatenate([phase[:1], phase])
    start_of_follow = sum(lengths[: PHASES.index("follow")]) * period
    return MotionPlan(
        robot=robot.name,
        joint_names=robot.joint_names,
        time=np.arange(len(motion.q)) * period,
        q=motion.q,
        velocity=motion.velocity,
        gripper_width=np.where(phase >= PHASES.index("close"), closing, route.grasp.opening),
        phase=phase,
        frame_index=demonstration.frame_index,
        frame_due=start_of_follow + pace.due(demonstration.time),
        T_table_object=route.T_table_camera @ demonstration.measured,
        T_table_camera=route.T_table_camera,
        T_table_object_start=route.T_table_object_start,
        T_object_tcp=route.grasp.T_object_tcp,
        grasp_width=route.grasp.width,
        grip_force=route.grip_force,
        slowdown=pace.slowdown,
    )


def _cornered(corners: FloatArray, robot: Robot, fraction: float, period: float) -> Motion:
    """Along straight pieces with a stop at each corner."""
    pieces = [rest_to_rest(corners[i : i + 2], robot, fraction, period) for i in range(len(corners) - 1)]
    return joined(pieces)
