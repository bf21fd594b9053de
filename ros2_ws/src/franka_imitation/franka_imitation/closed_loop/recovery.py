"""Plans for taking up an object that was missed or dropped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import Demonstration
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.placement import Placement
from franka_imitation.planner import Planner
from franka_imitation.route import timed
from franka_imitation.timing import Motion, minimum_jerk, rest_to_rest
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError

_FEWEST = 4
"""Frames of a demonstration."""
_BACK, _UP, _HIGH = 0.06, 0.08, 0.25
"""The hand retreats so far along its fingers, then so far up, but at least to this height [m]."""
_WAY_POINTS = 8
_TRIES = 5
"""Routes whose timing is tried."""
_PUT_DOWN, _PUT_DOWN_SECONDS = 30, 1.5
"""Frames and duration of putting an object down."""
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

    def first(self, frame: int) -> int:
        """The frame from which a new plan can start, at most `frame`."""
        return max(0, min(frame, len(self.demonstration.time) - _FEWEST))

    def retreat(self, q: FloatArray, T_table_object: FloatArray, width: float) -> Motion:
        """From a posture (7,) back out of the object's way and to the robot's start posture.

        Raises:
            PlanningError: If there is no free way.
        """
        kinematics, period = self.planner.kinematics, 1 / self.config.control_rate
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
