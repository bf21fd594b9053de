"""Where the object stands before the motion, and how the arm takes it up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.kinematics import Kinematics
from franka_imitation.postures import reach
from franka_imitation.resting import RestingPose
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.pose import make_transform

_TURNS = 24
_DISTANCES = (0.38, 0.46, 0.54, 0.62)
_SIDES = (-0.6, -0.3, 0.0, 0.3, 0.6)
"""Directions in which the object may stand, relative to the first pose of the motion [rad]."""
_EXAMINED = 300
_FROM_BELOW = -0.3
"""Grasps that come more from below are not tried: downward component of the approach."""
_WAY_POINTS = 12
"""Postures on each straight piece."""
TIP_CLEARANCE = 0.005
"""Of finger tips and palm over the table [m]."""


@dataclass(frozen=True)
class PickUp:
    """A way to take the object from the table, before collisions are examined."""

    T_table_object: FloatArray
    """(4, 4) where the object stands."""
    q_reach: FloatArray
    """(N, 7) straight from before the grasp to the grasp [rad]."""
    q_lift: FloatArray
    """(N, 7) straight up from the grasp [rad]."""
    cost: float
    """Smaller is better."""


def find_pick_ups(
    starts: FloatArray, T_object_tcp: FloatArray, q_first: FloatArray, kinematics: Kinematics, config: ImitationConfig
) -> list[PickUp]:
    """Ways to grasp a standing object and to lift it, with the least way to the motion's first posture first.

    Args:
        starts: (S, 4, 4) T_table_object of poses in which the object may stand.
        T_object_tcp: (4, 4) the grasp.
        q_first: (7,) posture at the beginning of the motion [rad].
        kinematics: Of the arm.
        config: Lengths of approach and lift.
    """
    tools = starts @ T_object_tcp
    order = _promising(tools)[:_EXAMINED]
    owner, q = reach(tools[order], kinematics, 2)
    grasp = tools[order][owner]
    steps = np.linspace(0, 1, _WAY_POINTS)
    back = grasp - config.approach * steps[1:, None, None, None] * _shift(grasp[:, :3, 2])
    up = grasp + config.lift * steps[1:, None, None, None] * _shift(np.array([0.0, 0.0, 1.0]))
    before = kinematics.follow(back, q, rest=q)
    after = kinematics.follow(up, q, rest=q)
    reached = (before.reached() & after.reached()).all(axis=0)
    q_reach = np.concatenate([before.q[::-1], q[None]])
    q_lift = np.concatenate([q[None], after.q])
    margin = kinematics.margin(np.concatenate([q_reach, q_lift])).min(axis=0)
    cost = np.abs(q_lift[-1] - q_first).max(axis=1) + 0.5 * np.abs(q_reach[0] - kinematics.rest).max(axis=1)
    cost = cost + 2 * np.maximum(0.2 - margin, 0)
    ways = [
        PickUp(starts[order[owner[i]]], q_reach[:, i], q_lift[:, i], float(cost[i])) for i in np.flatnonzero(reached)
    ]
    return sorted(ways, key=lambda way: way.cost)


def pickable(T_object_tcp: FloatArray, opening: FloatArray, starts: FloatArray, gripper: GripperBounds) -> BoolArray:
    """Which grasps (G,) leave the open hand above the table in at least one of the poses in which the object stands.

    Args:
        T_object_tcp: (G, 4, 4) grasps.
        opening: (G,) distance of the open fingers [m].
        starts: (S, 4, 4) T_table_object; how the object is turned about the vertical does not matter.
        gripper: Size of palm and finger tips.
    """
    tools = starts[:, None] @ T_object_tcp
    down = -tools[..., 2, 2]
    lowest = (tools[..., None, 2, :3] * gripper.corners).sum(axis=-1).min(axis=-1)
    tip = np.abs(tools[..., 2, 0]) * gripper.tip[0] + np.abs(tools[..., 2, 1]) * (opening / 2 + gripper.tip[1])
    lowest = np.minimum(lowest, tools[..., 2, 2] * gripper.tip[2] - tip) + tools[..., 2, 3]
    return ((lowest > TIP_CLEARANCE) & (down > _FROM_BELOW)).any(axis=0)


def standing_poses(resting: list[RestingPose], side: float) -> FloatArray:
    """Poses T_table_object (S, 4, 4) in which the object may stand on the table in front of the robot.

    Args:
        resting: How the object stands.
        side: Direction from the base around which they are spread [rad].
    """
    turn = np.arange(_TURNS) * (2 * np.pi / _TURNS)
    turns, distances, sides = (g.ravel() for g in np.meshgrid(turn, _DISTANCES, _SIDES, indexing="ij"))
    cos, sin, zero = np.cos(turns), np.sin(turns), np.zeros(len(turns))
    rotation = np.stack([cos, -sin, zero, sin, cos, zero, zero, zero, zero + 1], axis=1).reshape(-1, 3, 3)
    where = np.stack([distances * np.cos(side + sides), distances * np.sin(side + sides), zero], axis=1)
    on_table = make_transform(rotation, where)
    return np.concatenate([on_table @ pose.T_table_object for pose in resting])


def _promising(tools: FloatArray) -> np.ndarray:
    """Indices of the poses of the tool (N, 4, 4) that come from above or from the robot's side, best first."""
    down, height = -tools[:, 2, 2], tools[:, 2, 3]
    side = np.linalg.norm(tools[:, :2, 3], axis=1) + 1e-9
    outwards = (tools[:, :2, 2] * tools[:, :2, 3]).sum(axis=1) / side
    hand_height = height - 0.1 * tools[:, 2, 2] - 0.1 * np.abs(tools[:, 2, 1])  # lowest edge of the palm
    good = (down > _FROM_BELOW) & (outwards > -0.6) & (height > 0.012) & (hand_height > 0.0)
    score = 0.5 * np.maximum(0.3 - down, 0) + np.maximum(-outwards, 0) + np.abs(side - 0.5)
    return np.flatnonzero(good)[np.argsort(score[good], kind="stable")]


def _shift(direction: FloatArray) -> FloatArray:
    """What has to be added to transforms (..., 4, 4) to move them by a direction (..., 3)."""
    out = np.zeros((*direction.shape[:-1], 4, 4))
    out[..., :3, 3] = direction
    return out
