"""Examines a candidate frame by frame and completes it with a way to take up the object."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from franka_imitation.collision import CollisionChecker
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.grasps import Grasp
from franka_imitation.joint_path import IsFree, connect
from franka_imitation.kinematics import Kinematics
from franka_imitation.route import Route
from franka_imitation.screening import Candidate
from franka_imitation.start_pose import PickUp, find_pick_ups
from rhov_core.arrays import FloatArray
from rhov_core.pose import inverse

_PICK_UPS = 12
"""Ways to take up the object that are examined for each candidate."""
_GROWTHS = 600
"""Steps of a search for a way around obstacles."""
_SEARCHES_IN_VAIN = 8
_COLLISION_STEP = 2
"""Every so many frames of the demonstration are checked for collisions."""


class BlockedError(Exception):
    """A candidate cannot be followed; the arguments are the reasons, one clause each."""


class RouteFinder:
    """Completes candidates to routes.

    Args:
        kinematics: Of the arm.
        checker: For collisions.
        config: Workspace, lengths of approach and lift.
    """

    def __init__(self, kinematics: Kinematics, checker: CollisionChecker, config: ImitationConfig) -> None:
        self._kinematics, self._checker, self._config = kinematics, checker, config
        self._searches_in_vain = 0

    def follow(self, candidate: Candidate, grasp: Grasp, demonstration: Demonstration) -> FloatArray:
        """Postures (F, 7) for all frames of a demonstration.

        Raises:
            BlockedError: If one of them is out of reach or not free.
        """
        between = CubicSpline(demonstration.time[candidate.frames], candidate.q)(demonstration.time)
        poses = candidate.T_table_camera @ demonstration.smooth
        return self.posed(poses @ grasp.T_object_tcp, between, poses, grasp, demonstration)

    def posed(
        self, tools: FloatArray, near: FloatArray, poses: FloatArray, grasp: Grasp, demonstration: Demonstration
    ) -> FloatArray:
        """Postures (F, 7) with the tool at given poses.

        Args:
            tools: (F, 4, 4) T_base_tcp.
            near: (F, 7) postures not far from the result [rad].
            poses: (F, 4, 4) where the object is then, for collisions.
            grasp: How it is held.
            demonstration: Names the frames.

        Raises:
            BlockedError: If one of them is out of reach or not free.
        """
        solution = self._kinematics.inverse(tools, near, rest=near)
        index, missed = demonstration.frame_index, np.flatnonzero(~solution.reached())
        if len(missed):
            raise BlockedError(f"frame {index[missed[0]]} is out of reach")
        outside = np.flatnonzero(self._is_outside(solution.q))
        if len(outside):
            raise BlockedError(f"frame {index[outside[0]]} is outside the workspace")
        for i in range(0, len(poses), _COLLISION_STEP):
            if hit := self._checker.find(solution.q[i], grasp.width, poses[i], held=True):
                raise BlockedError(f"{hit} would collide, first in frame {index[i]}")
        return solution.q

    def complete(
        self, candidate: Candidate, grasp: Grasp, force: float, q_follow: FloatArray, starts: FloatArray
    ) -> Route:
        """A route from the robot's start posture through the object's place on the table to all frames.

        Args:
            candidate: Gives the placement.
            grasp: How the object is held.
            force: Of each finger [N].
            q_follow: (F, 7) postures for the frames [rad].
            starts: (S, 4, 4) T_table_object of poses in which the object may stand.

        Raises:
            BlockedError: If the object cannot be taken up from any of them.
        """
        ways = find_pick_ups(starts, grasp.T_object_tcp, q_follow[0], self._kinematics, self._config)
        reasons = [] if ways else ["the arm does not reach the object where it stands on the table"]
        ways = ways[:_PICK_UPS]
        for way, growths in [*((way, 0) for way in ways), *((way, _GROWTHS) for way in ways)]:
            try:
                approach, transfer = self._take_up(way, q_follow[0], grasp, growths)
            except BlockedError as blocked:
                reasons += blocked.args
                continue
            return Route(
                T_table_camera=candidate.T_table_camera,
                T_table_object_start=way.T_table_object,
                grasp=grasp,
                grip_force=force,
                q_approach=approach,
                q_reach=way.q_reach,
                q_lift=way.q_lift,
                q_transfer=transfer,
                q_follow=q_follow,
            )
        raise BlockedError(*reasons)

    def free_way(self, start: FloatArray, goal: FloatArray, width: float, T_table_object: FloatArray) -> FloatArray:
        """Corners (W, 7) of a way between two postures (7,) [rad] with nothing in the hand, fingers `width` apart [m].

        Raises:
            BlockedError: If none was found.
        """
        path = self._connect(start, goal, self._free_of(width, T_table_object), _GROWTHS)
        if path is None:
            raise BlockedError("no free way leads there")
        return path

    def _free_of(self, width: float, T_table_object: FloatArray) -> IsFree:
        """Whether a posture (7,) of the empty hand is inside the workspace and hits nothing."""

        def is_free(q: FloatArray) -> bool:
            hit = self._checker.find(q, width, T_table_object)
            return hit is None and not self._is_outside(q[None])[0]

        return is_free

    def _take_up(self, way: PickUp, q_first: FloatArray, grasp: Grasp, growths: int) -> tuple[FloatArray, FloatArray]:
        """Corners (W, 7) of the ways to the grasp and from there to the first posture."""
        checker, kinematics, T_tcp_object = self._checker, self._kinematics, inverse(grasp.T_object_tcp)
        if self._is_outside(np.concatenate([way.q_reach, way.q_lift])).any():
            raise BlockedError("the object would have to stand outside the workspace")
        if hit := checker.find_along(way.q_reach, grasp.opening, way.T_table_object):
            raise BlockedError(f"{hit} would collide at the grasp")
        lifted = kinematics.forward(way.q_lift[1:]) @ T_tcp_object
        if hit := checker.find_along(way.q_lift[1:], grasp.width, lifted, held=True):
            raise BlockedError(f"{hit} would collide when the object is lifted")

        def free_held(q: FloatArray) -> bool:
            hit = checker.find(q, grasp.width, kinematics.forward(q[None])[0] @ T_tcp_object, held=True)
            return hit is None and not self._is_outside(q[None])[0]

        free_open = self._free_of(grasp.opening, way.T_table_object)
        approach = self._connect(kinematics.rest, way.q_reach[0], free_open, growths)
        if approach is None:
            raise BlockedError("no free way leads to the grasp")
        transfer = self._connect(way.q_lift[-1], q_first, free_held, growths)
        if transfer is None:
            raise BlockedError("no free way leads from the table to the first pose")
        return approach, transfer

    def _connect(self, start: FloatArray, goal: FloatArray, is_free: IsFree, growths: int) -> FloatArray | None:
        """Corners of a free path, or None. After a few searches in vain only straight paths are tried."""
        if self._searches_in_vain >= _SEARCHES_IN_VAIN:
            growths = 0
        lower, upper = self._kinematics.lower, self._kinematics.upper
        path = connect(start, goal, is_free, lower, upper, self._config.seed, growths)
        self._searches_in_vain += path is None and growths > 0
        return path

    def _is_outside(self, q: FloatArray) -> np.ndarray:
        """(N,) whether the tool leaves its box at postures (N, 7)."""
        tool = self._kinematics.forward(q)[:, :3, 3]
        return ((tool < self._config.workspace_low) | (tool > self._config.workspace_high)).any(axis=1)
