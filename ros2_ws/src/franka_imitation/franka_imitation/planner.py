"""Searches ways for an arm to take up an object and to move it as in a demonstration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from franka_imitation.bounds import refuse_impossible
from franka_imitation.collision import CollisionChecker
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.grasps import Grasp, Grasps, find_grasps
from franka_imitation.grip import SURE, grip_force, refuse_heavy
from franka_imitation.gripper_bounds import GripperBounds
from franka_imitation.kinematics import Kinematics
from franka_imitation.placement import Placement, candidate_placements
from franka_imitation.resting import resting_poses
from franka_imitation.robot import Robot
from franka_imitation.route import Route
from franka_imitation.route_finder import BlockedError, RouteFinder
from franka_imitation.scene import Scene, build_scene
from franka_imitation.screening import Candidate, screen
from franka_imitation.settling import steady
from franka_imitation.shape import ConvexShape
from franka_imitation.start_pose import pickable, standing_poses
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError
from rhov_core.object_model import ObjectModel

_KEY_FRAMES = (13, 40)
_KEY_PERIOD = 1.2
"""Between the frames that are used for screening, where their number allows it [s]."""
_EXAMINED = 24
"""Candidates that are examined frame by frame."""
_FEW = 60
"""With fewer grasps for a given start pose, others are looked for that suit it."""
_SPLINE_ROOM = 0.01
"""Splines between postures may leave the range of the postures by this much [rad]."""


class Planner:
    """Everything about a robot and an object that does not depend on the demonstration.

    Args:
        object_model: The object, in the size of the demonstration.
        robot: The arm.
        config: Margins, clearances and grip.

    Raises:
        PlanningError: If the object is too heavy, or can be grasped nowhere.
    """

    def __init__(self, object_model: ObjectModel, robot: Robot, config: ImitationConfig) -> None:
        self.robot, self._config = robot, config
        refuse_heavy(object_model, robot, config)
        self._object = object_model
        self.scene: Scene = build_scene(robot, object_model)
        self.kinematics = Kinematics(self.scene, config.joint_margin + _SPLINE_ROOM)
        self.shape = ConvexShape.of(object_model)
        self.resting = steady(resting_poses(self.shape), self.scene)
        self._checker = CollisionChecker(self.scene, config.clearance)
        self._finder = RouteFinder(self.kinematics, self._checker, config)
        self.grasps: Grasps = self._sampled(np.array([pose.T_table_object for pose in self.resting]))

    def routes(self, demonstration: Demonstration, placement: Placement | FloatArray) -> Iterator[Route]:
        """Ways to make the motion, best first.

        Args:
            demonstration: What the object should do.
            placement: Where the camera stands, or only the direction against gravity (3,) in its frame.

        Raises:
            PlanningError: If no way is found, before the first is yielded; it names what stands in the way.
        """
        if isinstance(placement, Placement):
            places, start = placement.T_table_camera[None], placement.T_table_object_start
            refuse_impossible(demonstration, placement.T_table_camera, self.shape, self.kinematics, self._config)
        else:
            clearance = self._config.clearance
            places, start = candidate_placements(demonstration.smooth, self.shape, placement, clearance), None
        chosen = self._pickable(start)
        candidates = screen(
            places, demonstration, _key_frames(demonstration), chosen, self.kinematics, self._config.seed
        )
        candidates = _different(candidates, chosen, _EXAMINED)
        trouble: Counter[str] = Counter()
        found = 0
        for candidate in candidates:
            try:
                yield self._route(candidate, chosen.one(candidate.grasp), demonstration, start)
                found += 1
            except BlockedError as blocked:
                trouble.update(blocked.args)
        if not found:
            reasons = "; ".join(f"{reason} ({count} times)" for reason, count in trouble.most_common(3))
            raise PlanningError(
                f"None of the {len(candidates)} best ways to follow the motion can be taken: {reasons}. "
                "Give another placement, imitate a shorter part, or lower clearance or joint_margin."
            )

    def refined(self, route: Route, tools: FloatArray, demonstration: Demonstration) -> Route:
        """The same route with other poses of the tool (F, 4, 4) along the demonstration.

        Raises:
            PlanningError: If one of them cannot be reached or is not free.
        """
        poses = route.T_table_camera @ demonstration.smooth
        try:
            q = self._finder.posed(tools, route.q_follow, poses, route.grasp, demonstration)
        except BlockedError as blocked:
            raise PlanningError(f"The corrected motion is not possible: {blocked}.") from blocked
        return replace(route, q_follow=q, q_transfer=np.concatenate([route.q_transfer[:-1], q[:1]]))

    def free_way(self, start: FloatArray, goal: FloatArray, width: float, T_table_object: FloatArray) -> FloatArray:
        """Corners (W, 7) of a way of the open hand from one posture to another, both (7,) [rad].

        Args:
            start: Where it begins.
            goal: Where it ends.
            width: Distance of the fingers [m].
            T_table_object: (4, 4) where the object lies.

        Raises:
            PlanningError: If there is none.
        """
        try:
            return self._finder.free_way(start, goal, width, T_table_object)
        except BlockedError as blocked:
            raise PlanningError(f"The arm cannot get away from the object: {blocked}.") from blocked

    def _route(
        self, candidate: Candidate, grasp: Grasp, demonstration: Demonstration, start: FloatArray | None
    ) -> Route:
        q_follow = self._finder.follow(candidate, grasp, demonstration)
        if start is None:
            first = (candidate.T_table_camera @ demonstration.smooth[0])[:3, 3]
            starts = standing_poses(self.resting, float(np.arctan2(first[1], first[0])))
        else:
            starts = start[None]
        needed = grip_force(self._object, grasp.lever, SURE)
        force = float(min(max(self._config.grip_force, needed), self.robot.gripper.max_force))
        return self._finder.complete(candidate, grasp, force, q_follow, starts)

    def _pickable(self, start: FloatArray | None) -> Grasps:
        """The grasps that are possible on the table where the object stands: at a pose (4, 4) or by itself."""
        standing = np.array([pose.T_table_object for pose in self.resting]) if start is None else start[None]
        grasps, gripper = self.grasps, GripperBounds.of(self.robot)
        good = pickable(grasps.T_object_tcp, grasps.opening, standing, gripper)
        if start is not None and good.sum() < _FEW:
            grasps = self._sampled(standing)
            good = pickable(grasps.T_object_tcp, grasps.opening, standing, gripper)
        if not good.any():
            raise PlanningError(
                f"None of {len(good)} grasps leaves the hand above the table in any of {len(standing)} poses in which "
                "the object stands by itself: let it stand on something, or give another start pose in the placement."
            )
        return grasps.where(good)

    def _sampled(self, standing: FloatArray) -> Grasps:
        """Grasps for poses T_table_object (S, 4, 4)."""
        clearance, seed = self._config.grip_clearance, self._config.seed
        return find_grasps(self.shape, standing, self.kinematics, self._checker, self.robot, clearance, seed)


def _key_frames(demonstration: Demonstration) -> NDArray[np.int64]:
    """Indices of frames evenly over the demonstration, with the first and the last."""
    count = int(np.clip(demonstration.time[-1] / _KEY_PERIOD, *_KEY_FRAMES))
    return np.unique(np.linspace(0, len(demonstration.time) - 1, count).round().astype(int))


def _different(candidates: list[Candidate], grasps: Grasps, count: int) -> list[Candidate]:
    """The first `count` candidates that differ from each better one by more than a little."""
    kept: list[Candidate] = []
    grips = np.empty((count, 3, 4))
    postures = np.empty((count, *candidates[0].q.shape))
    for candidate in candidates:
        n = len(kept)
        if n == count:
            break
        grip = grasps.T_object_tcp[candidate.grasp, :3]
        apart = np.abs(grips[:n] - grip)
        same = (apart[:, :, 3].max(axis=1) < 0.02) & (apart[:, :, :3].max(axis=(1, 2)) < 0.3)
        if not (same & (np.abs(postures[:n] - candidate.q).max(axis=(1, 2)) < 0.3)).any():
            grips[n], postures[n] = grip, candidate.q
            kept.append(candidate)
    return kept
