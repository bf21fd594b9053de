"""Plans for taking up an object that was missed or dropped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.placement import Placement
from franka_imitation.planner import Planner
from franka_imitation.postures import reach
from franka_imitation.route import timed
from franka_imitation.timing import Motion, minimum_jerk, rest_to_rest
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError
from rhov_core.pose import exp_rotation, inverse, make_transform, transform_points

_FEWEST = 4
"""Frames of a demonstration."""
_BACK, _UP, _HIGH = 0.06, 0.08, 0.25
"""The hand retreats so far along its fingers, then so far up, but at least to this height [m]."""
_WAY_POINTS = 8
_TRIES = 5
"""Routes whose timing is tried."""
_PUT_DOWN, _PUT_DOWN_SECONDS = 30, 1.5
"""Frames and duration of putting an object down."""
_ALOFT = 0.02
"""An object whose lowest point is higher does not lie on the table [m]."""
_DOWN_DISTANCE, _DOWN_ROOM = (0.4, 0.6), 0.02
"""Where an object is brought down: distance from the base, height of its lowest point over the table [m]."""
_LOWEST_HELD, _LOWEST_LYING = 0.02, 0.15
"""The tool stays this high: with what it holds, and with what lies on it, which needs room to slide off [m]."""
_TURNED_HIGHER = 0.15
"""The hand is turned so much higher, then goes straight down [m]."""
_TURNS = 12
_AWAY = np.array([0.0, 0.0, -10.0])
"""Where nothing is in the way [m]."""
_DESCENT, _ABOVE = 0.1, 0.001
"""From how high it is put down, and how far above the clearance it is let go [m]."""


@dataclass(frozen=True)
class Recovery:
    """What is needed for another plan.

    Args:
        planner: Knows the robot and the object.
        demonstration: All of it.
        T_table_camera: (4, 4) stays as it was.
        config: As for the first plan.
    """

    planner: Planner
    demonstration: Demonstration
    T_table_camera: FloatArray
    config: ImitationConfig

    @property
    def _period(self) -> float:
        """Between set-points [s]."""
        return 1 / self.config.control_rate

    def first(self, frame: int) -> int:
        """The frame from which a new plan can start, at most `frame`."""
        return max(0, min(frame, len(self.demonstration.time) - _FEWEST))

    def retreat(self, q: FloatArray, T_table_object: FloatArray, width: float) -> Motion:
        """From a posture (7,) back out of the object's way and to the robot's start posture.

        Raises:
            PlanningError: If there is no free way.
        """
        kinematics, period = self.planner.kinematics, self._period
        tool = kinematics.forward(q[None])[0]
        share = np.linspace(0, 1, _WAY_POINTS + 1)[1:]
        back, up = (np.repeat(tool[None], _WAY_POINTS, axis=0) for _ in range(2))
        back[:, :3, 3] -= _BACK * share[:, None] * tool[:3, 2]
        up[:, :3, 3] = back[-1, :3, 3]
        up[:, 2, 3] += share * max(_UP, _HIGH - up[0, 2, 3])
        path = kinematics.follow(np.concatenate([back, up])[:, None], q[None], rest=q).q[:, 0]
        pieces = [np.concatenate([q[None], path[:_WAY_POINTS]]), path[_WAY_POINTS - 1 :]]
        corners = self.planner.free_way(path[-1], kinematics.rest, width, T_table_object)
        pieces += [corners[i : i + 2] for i in range(len(corners) - 1)]
        motions = [rest_to_rest(piece, self.planner.robot, self.config.transfer_fraction, period) for piece in pieces]
        return Motion(*(np.concatenate(parts) for parts in zip(*motions, strict=True)))

    def is_aloft(self, T_table_object: FloatArray) -> bool:
        """Whether an object at rest at (4, 4) lies on something else than the table."""
        corners = transform_points(T_table_object, self.planner.shape.corners)
        return bool(corners[:, 2].min() > _ALOFT)

    def bringing_down(self, q: FloatArray, T_table_object: FloatArray, width: float, *, held: bool) -> Motion:
        """From a posture (7,) to one with the hand pointing down and what it carries little above the table.

        Args:
            q: Where the arm is [rad].
            T_table_object: (4, 4) the object, which lies on the hand or is held by it.
            width: Distance of the fingers [m].
            held: Which of both.

        Raises:
            PlanningError: If there is no way.
        """
        kinematics, fraction = self.planner.kinematics, self.config.transfer_fraction
        tool = kinematics.forward(q[None])[0]
        T_tcp_object = inverse(tool) @ T_table_object
        lowest = _LOWEST_HELD if held else _LOWEST_LYING
        targets = _downwards(tool, T_tcp_object, self.planner.shape.corners, lowest)
        high = targets.copy()
        high[:, 2, 3] += _TURNED_HIGHER
        _, postures = reach(high, kinematics, 1)
        away = make_transform(np.eye(3), _AWAY)
        for goal in sorted(postures, key=lambda posture: float(np.abs(posture - q).max()))[:_TRIES]:
            try:
                corners = self.planner.free_way(q, goal, width, away)
            except PlanningError:
                continue
            down = np.repeat(kinematics.forward(goal[None]), _WAY_POINTS, axis=0)
            down[:, 2, 3] -= _TURNED_HIGHER * np.linspace(0, 1, _WAY_POINTS + 1)[1:]
            straight = kinematics.follow(down[:, None], goal[None], rest=goal)
            pieces = [corners[i : i + 2] for i in range(len(corners) - 1)]
            pieces.append(np.concatenate([goal[None], straight.q[:, 0]]))
            motions = [rest_to_rest(piece, self.planner.robot, fraction, self._period) for piece in pieces]
            motion = Motion(*(np.concatenate(parts) for parts in zip(*motions, strict=True)))
            carried = kinematics.forward(motion.q[::_WAY_POINTS]) @ T_tcp_object
            clear = transform_points(carried, self.planner.shape.corners)[..., 2].min() > 0
            if clear and straight.reached().all():
                return motion
        raise PlanningError("The hand cannot be turned down with the object that lies on it.")

    def plan(self, T_table_object: FloatArray, first: int) -> MotionPlan:
        """Takes the object up from where it lies (4, 4) and follows the frames from `first` on.

        Raises:
            PlanningError: If there is no way.
        """
        return self._timed(self._from(first), Placement(self.T_table_camera, T_table_object))

    def turning(self, T_table_object: FloatArray, first: int) -> MotionPlan:
        """Takes the object up from where it lies (4, 4) and puts it down as it can be taken up for the frames from
        `first` on, with another grasp.

        Raises:
            PlanningError: If there is no way.
        """
        routes = self.planner.routes(self._from(first), Placement(self.T_table_camera))
        refused = PlanningError("No grasp serves for turning over the object that was lost.")
        for _, route in zip(range(_TRIES), routes, strict=False):
            try:
                putting = self._putting(route.T_table_object_start)
                return self._timed(putting, Placement(np.eye(4), T_table_object))
            except PlanningError as error:
                refused = error
        raise refused

    def _putting(self, T_table_object: FloatArray) -> Demonstration:
        """Straight down to a pose (4, 4) in which the object stands, in the robot's base frame."""
        time = np.arange(_PUT_DOWN + 1) * (_PUT_DOWN_SECONDS / _PUT_DOWN)
        poses = np.repeat(T_table_object[None], len(time), axis=0)
        poses[:, 2, 3] += self.config.clearance + _ABOVE + _DESCENT * (1 - minimum_jerk(time / time[-1])[0])
        return Demonstration(time, np.arange(len(time)), poses, poses)

    def _from(self, first: int) -> Demonstration:
        """The demonstration without its frames before `first`."""
        whole = self.demonstration
        return Demonstration(
            whole.time[first:] - whole.time[first],
            whole.frame_index[first:],
            whole.measured[first:],
            whole.smooth[first:],
        )

    def _timed(self, demonstration: Demonstration, placement: Placement) -> MotionPlan:
        refused = PlanningError("No plan was found for the object that was lost.")
        routes = self.planner.routes(demonstration, placement)
        for _, route in zip(range(_TRIES), routes, strict=False):
            try:
                return timed(route, demonstration, self.planner.robot, self.config)
            except PlanningError as error:
                refused = error
        raise refused


def _downwards(tool: FloatArray, T_tcp_object: FloatArray, corners: FloatArray, least: float) -> FloatArray:
    """Poses (N, 4, 4) of the tool pointing down, in the direction of the tool (4, 4), with the carried object low and
    the tool not lower than `least` [m].
    """
    yaw = np.arange(_TURNS)[:, None] * (2 * np.pi / _TURNS) * np.array([0.0, 0.0, 1.0])
    rotation = exp_rotation(yaw) @ np.diag([1.0, -1.0, -1.0])
    targets = make_transform(rotation, np.zeros((_TURNS, 3)))
    hanging = transform_points(targets @ T_tcp_object, corners)[..., 2].min(axis=1)
    reach_of_tool = max(float(np.linalg.norm(tool[:2, 3])), 1e-6)
    targets[:, :2, 3] = tool[:2, 3] / reach_of_tool * np.clip(reach_of_tool, *_DOWN_DISTANCE)
    targets[:, 2, 3] = np.maximum(_DOWN_ROOM - hanging, least)
    return targets
