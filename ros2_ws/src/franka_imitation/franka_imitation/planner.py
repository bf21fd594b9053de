"""Searches a way for an arm to take up an object and to move it as in a demonstration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from franka_imitation.collision import CollisionChecker
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.grasps import Grasps, find_grasps
from franka_imitation.grip import grip_force, refuse_heavy
from franka_imitation.joint_path import connect
from franka_imitation.kinematics import Kinematics
from franka_imitation.placement import Placement, candidate_placements
from franka_imitation.resting import resting_poses
from franka_imitation.robot import Robot
from franka_imitation.route import Route
from franka_imitation.scene import Scene, build_scene
from franka_imitation.screening import Candidate, screen
from franka_imitation.shape import ConvexShape
from franka_imitation.start_pose import PickUp, find_pick_ups, standing_poses
from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.errors import PlanningError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import inverse

_KEY_FRAMES = (13, 40)
_KEY_PERIOD = 1.2
"""Between the frames that are used for screening, where their number allows it [s]."""
_EXAMINED = 24
"""Candidates that are examined frame by frame."""
_PICK_UPS = 12
"""Ways to take up the object that are examined for each candidate."""
_SPLINE_ROOM = 0.01
"""Splines between postures may leave the range of the postures by this much [rad]."""
_COLLISION_STEP = 2
"""Every so many frames of the demonstration are checked for collisions."""


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
        self.resting = resting_poses(self.shape)
        self._checker = CollisionChecker(self.scene, config.clearance)
        self.grasps: Grasps = find_grasps(
            self.shape, self.kinematics, self._checker, robot, config.grip_clearance, config.seed
        )

    def routes(self, demonstration: Demonstration, placement: Placement | FloatArray) -> Iterator[Route]:
        """Ways to make the motion, best first.

        Args:
            demonstration: What the object should do.
            placement: Where the camera stands, or only the direction against gravity (3,) in its frame.

        Raises:
            PlanningError: If no way is found, before the first is yielded; it names what stands in the way.
        """
        poses = demonstration.smooth
        if isinstance(placement, Placement):
            places, start = placement.T_table_camera[None], placement.T_table_object_start
        else:
            places, start = candidate_placements(poses, self.shape, placement, self._config.clearance), None
        keys = _key_frames(demonstration)
        candidates = screen(
            places, poses[keys], demonstration.time[keys], self.grasps, self.kinematics, self._config.seed
        )
        candidates = _different(candidates, self.grasps)[:_EXAMINED]
        trouble: Counter[str] = Counter()
        found = 0
        for candidate in candidates:
            route = self._route(candidate, demonstration, start, trouble.update)
            if route is not None:
                found += 1
                yield route
        if not found:
            reasons = "; ".join(f"{reason} ({count} times)" for reason, count in trouble.most_common(3))
            raise PlanningError(
                f"None of the {len(candidates)} best ways to follow the motion can be taken: {reasons}. "
                "Give another placement, imitate a shorter part, or lower clearance or joint_margin."
            )

    def refined(self, route: Route, tools: FloatArray) -> Route:
        """The same route with other poses of the tool (F, 4, 4) along the demonstration.

        Raises:
            PlanningError: If one of them cannot be reached.
        """
        solution = self.kinematics.inverse(tools, route.q_follow, rest=route.q_follow)
        if not solution.reached().all():
            raise PlanningError("The corrected motion leaves the arm's reach.")
        corners = np.concatenate([route.q_transfer[:-1], solution.q[:1]])
        return Route(**{**vars(route), "q_follow": solution.q, "q_transfer": corners})

    def _route(
        self,
        candidate: Candidate,
        demonstration: Demonstration,
        start: FloatArray | None,
        complain: Callable[[list[str]], None],
    ) -> Route | None:
        T_object_tcp = self.grasps.T_object_tcp[candidate.grasp]
        width, opening = float(self.grasps.width[candidate.grasp]), float(self.grasps.opening[candidate.grasp])
        poses = candidate.T_table_camera @ demonstration.smooth
        q_follow, trouble = self._follow(candidate, poses, T_object_tcp, width, demonstration)
        if q_follow is None:
            complain([trouble])
            return None
        if start is None:
            side = float(np.arctan2(poses[0, 1, 3], poses[0, 0, 3]))
            starts = standing_poses(self.resting, side)
        else:
            starts = start[None]
        ways = find_pick_ups(starts, T_object_tcp, q_follow[0], self.kinematics, self._config)
        if not ways:
            complain(["the arm cannot grasp the object so where it stands on the table"])
        for way in ways[:_PICK_UPS]:
            paths, trouble = self._take_up(way, q_follow[0], T_object_tcp, width, opening)
            if paths is not None:
                approach, transfer = paths
                return Route(
                    candidate.T_table_camera,
                    way.T_table_object,
                    T_object_tcp,
                    width,
                    opening,
                    self._force(candidate.grasp),
                    approach,
                    way.q_reach,
                    way.q_lift,
                    transfer,
                    q_follow,
                )
            complain([trouble])
        return None

    def _force(self, grasp: int) -> float:
        needed = grip_force(self._object, float(self.grasps.lever[grasp]))
        return float(min(max(self._config.grip_force, needed), self.robot.gripper.max_force))

    def _outside(self, q: FloatArray) -> BoolArray:
        """(N,) whether the tool leaves its box at postures (N, 7)."""
        tool = self.kinematics.forward(q)[:, :3, 3]
        return ((tool < self._config.workspace_low) | (tool > self._config.workspace_high)).any(axis=1)

    def _follow(
        self,
        candidate: Candidate,
        poses: FloatArray,
        T_object_tcp: FloatArray,
        width: float,
        demonstration: Demonstration,
    ) -> tuple[FloatArray | None, str]:
        """Postures (F, 7) for all frames, or None and why not."""
        between = CubicSpline(demonstration.time[_key_frames(demonstration)], candidate.q)(demonstration.time)
        solution = self.kinematics.inverse(poses @ T_object_tcp, between, rest=between)
        q = solution.q
        missed = np.flatnonzero(~solution.reached())
        if len(missed):
            return None, f"frame {demonstration.frame_index[missed[0]]} is out of reach"
        if (outside := self._outside(q)).any():
            return None, f"frame {demonstration.frame_index[outside.argmax()]} is outside the workspace"
        for i in range(0, len(q), _COLLISION_STEP):
            if hit := self._checker.find(q[i], width, poses[i], held=True):
                return None, f"{hit} would collide in the demonstration, first at frame {demonstration.frame_index[i]}"
        return q, ""

    def _take_up(
        self, way: PickUp, q_first: FloatArray, T_object_tcp: FloatArray, width: float, opening: float
    ) -> tuple[tuple[FloatArray, FloatArray] | None, str]:
        """Corners of the ways to the grasp and from there to the first posture, or None and why not."""
        T, checker, kinematics = way.T_table_object, self._checker, self.kinematics
        if self._outside(np.concatenate([way.q_reach, way.q_lift])).any():
            return None, "the object would have to stand outside the workspace"
        if hit := checker.find_along(way.q_reach, opening, T):
            return None, f"{hit} would collide at the grasp"
        lifted = kinematics.forward(way.q_lift[1:]) @ inverse(T_object_tcp)
        if hit := checker.find_along(way.q_lift[1:], width, lifted, held=True):
            return None, f"{hit} would collide when the object is lifted"

        def free_open(q: FloatArray) -> bool:
            return checker.find(q, opening, T) is None and not self._outside(q[None])[0]

        def free_held(q: FloatArray) -> bool:
            T_held = kinematics.forward(q[None])[0] @ inverse(T_object_tcp)
            return checker.find(q, width, T_held, held=True) is None and not self._outside(q[None])[0]

        bounds, seed = (kinematics.lower, kinematics.upper), self._config.seed
        approach = connect(kinematics.rest, way.q_reach[0], free_open, *bounds, seed)
        if approach is None:
            return None, "no free way leads to the grasp"
        transfer = connect(way.q_lift[-1], q_first, free_held, *bounds, seed)
        if transfer is None:
            return None, "no free way leads from the table to the first pose"
        return (approach, transfer), ""


def _key_frames(demonstration: Demonstration) -> NDArray[np.int64]:
    """Indices of frames evenly over the demonstration, with the first and the last."""
    count = int(np.clip(demonstration.time[-1] / _KEY_PERIOD, *_KEY_FRAMES))
    return np.unique(np.linspace(0, len(demonstration.time) - 1, count).round().astype(int))


def _different(candidates: list[Candidate], grasps: Grasps) -> list[Candidate]:
    """Candidates without those that differ little from a better one."""
    kept: list[Candidate] = []
    for candidate in candidates:
        grip = grasps.T_object_tcp[candidate.grasp]
        if not any(
            np.abs(grip - grasps.T_object_tcp[other.grasp])[:3, 3].max() < 0.02
            and np.abs(grip - grasps.T_object_tcp[other.grasp])[:3, :3].max() < 0.3
            and np.abs(candidate.q - other.q).max() < 0.3
            for other in kept
        ):
            kept.append(candidate)
    return kept
