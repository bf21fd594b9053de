"""Carries out plans in a workplace, open loop or with feedback on the object's pose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from franka_imitation.closed_loop.aim import Aim
from franka_imitation.closed_loop.config import FeedbackConfig
from franka_imitation.closed_loop.correction import Correction
from franka_imitation.closed_loop.execution import Execution
from franka_imitation.closed_loop.player import Player
from franka_imitation.closed_loop.pose_filter import PoseFilter
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.closed_loop.workplace import SimulatedWorkplace
from franka_imitation.kinematics import Kinematics
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.robot import Robot
from franka_imitation.timing import hold
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError

_BRAKING = 0.25
"""In which the demonstration comes to a standstill when it has to wait [s]."""
_DOUBT = 0.5
"""A loss may have begun so long before it is noticed [s]."""
_LET_GO = 0.6
"""For the fingers to open [s]."""
_REST = 0.5
"""For which a lost object must have stayed where it is [s]."""
_REST_CHANGE = 0.005
"""By at most this much [m]."""
_REST_PATIENCE = 5.0
_TURNS = 2
"""How often an object is turned over before it is given up."""
_STEPS = 4
"""Of inverse kinematics for each correction."""


class Executor:
    """Carries out one plan.

    Args:
        workplace: Robot and camera.
        kinematics: Of the arm.
        robot: Its limits.
        feedback: None: open loop.
        recovery: Makes plans for an object that was lost, when first needed; None: it is not taken up again.
    """

    def __init__(
        self,
        workplace: SimulatedWorkplace,
        kinematics: Kinematics,
        robot: Robot,
        feedback: FeedbackConfig | None = None,
        recovery: Callable[[], Recovery] | None = None,
    ) -> None:
        self._workplace, self._kinematics, self._robot = workplace, kinematics, robot
        self._feedback, self._recovery = feedback, recovery
        self._waited = 0.0

    def run(self, plan: MotionPlan, wanted: FloatArray) -> Execution:
        """From the start of the plan to its end, or until nothing more can be done.

        Args:
            plan: What is carried out.
            wanted: (F, 4, 4) T_table_object, smooth, for its frames.
        """
        self._workplace.reset(plan.q[0], plan.T_table_object_start, plan.gripper_width[0])
        player, self._waited = Player(self._workplace, plan.period), 0.0
        due = np.full(len(wanted), -1)
        first, retries, gave_up = 0, 0, ""
        while (lost := self._play(player, plan, wanted[first:], due[first:])) is not None:
            if self._recovery is None or self._feedback is None or retries == self._feedback.retries:
                gave_up = f"the object was lost {retries + 1} times"
                break
            retries += 1
            try:
                recovery = self._recovery()
                first = recovery.first(first + lost)
                plan = self._take_up_again(player, recovery, first, self._feedback)
            except PlanningError as error:
                gave_up = str(error)
                break
        return Execution(np.array(player.times), np.array(player.states), due, self._waited, retries, gave_up)

    def _play(self, player: Player, plan: MotionPlan, wanted: FloatArray, due: NDArray[np.int64]) -> int | None:
        """Follows a plan and fills in `due`; returns None, or the frame from which on the object may have been lost."""
        spline, feedback = CubicHermiteSpline(plan.time, plan.q, plan.velocity), self._feedback
        aim = Aim(plan, wanted, feedback) if feedback else None
        correction = self._correction()
        at, pace, frame, waited, waits, since_look = 0.0, 1.0, 0, 0.0, False, np.inf
        while at < plan.time[-1] - 1e-9:
            if aim is not None and feedback is not None and since_look >= 1 / feedback.rate - 1e-9:
                ahead = min(at + 2 * pace * feedback.response, float(plan.time[-1]))  # by the lag of the correction
                off, since_look = self._look(player, aim, correction, spline([at, ahead]), (at, ahead)), 0.0
                waits = aim.lost or (off and waited < feedback.patience)
                if aim.lost and pace == 0.0:
                    return int((plan.frame_due < at - _DOUBT).sum())
            k = min(int(at / plan.period + 1e-6), len(plan.time) - 1)
            pace = float(np.clip(pace + (-1 if waits else 1) * plan.period / _BRAKING, 0.0, 1.0))
            at = player.advance(spline, at, pace, correction, plan.gripper_width[k], plan.grip_force)
            since_look += plan.period
            waited += plan.period * (1 - pace)
            while frame < len(due) and at >= plan.frame_due[frame] - plan.period / 2:
                due[frame] = len(player.times) - 1
                frame += 1
        self._waited += waited
        return None

    def _look(
        self, player: Player, aim: Aim, correction: Correction, planned: FloatArray, times: tuple[float, float]
    ) -> bool:
        """Measures, corrects, and returns whether the demonstration should wait.

        Args:
            player: Of the robot.
            aim: Of the plan.
            correction: What is added to its joints.
            planned: (2, 7) postures now and when the correction will be in force [rad].
            times: The two times of the plan [s].
        """
        measured, sent = player.look()
        q_then, then = (planned[0], times[0]) if sent is None else (sent.q, sent.at)
        tools = self._kinematics.forward(np.stack([q_then, planned[1], planned[0] + correction.value]))
        aim.see(then, measured, tools[0])
        near = planned[1] + correction.goal
        target = aim.tool(times[1], tools[1])
        solution = self._kinematics.inverse(target[None], near[None], rest=near, iterations=_STEPS)
        correction.aim(solution.q[0] - planned[1])
        return aim.is_off(times[0], tools[2])

    def _take_up_again(
        self, player: Player, recovery: Recovery, first: int, feedback: FeedbackConfig, turns: int = _TURNS
    ) -> MotionPlan:
        """Lets go, waits until the object is at rest, retreats, and plans anew for the frames from `first` on.

        An object that lies so that no grasp serves both for taking it up and for the rest of the demonstration is
        turned over first, at most `turns` times.
        """
        width, still = self._robot.gripper.max_width, self._correction()
        period = 1 / recovery.config.control_rate
        player.drive(hold(player.q, _LET_GO, period), still, width, self._robot.gripper.max_force)
        lies = PoseFilter(feedback)
        patience = _REST_PATIENCE
        while patience > 0:
            before = None if lies.is_empty else lies.pose.copy()
            for _ in range(round(_REST * feedback.rate)):
                player.drive(hold(player.q, 1 / feedback.rate, period), still, width, self._robot.gripper.max_force)
                lies.update(player.look()[0])
            if before is not None and np.linalg.norm(lies.pose[:3, 3] - before[:3, 3]) < _REST_CHANGE:
                break
            patience -= _REST
        turning = None
        try:
            plan = recovery.plan(lies.pose, first)
        except PlanningError:
            if turns == 0:
                raise
            plan = turning = recovery.turning(lies.pose, first)
        player.drive(recovery.retreat(player.q, lies.pose, width), still, width, self._robot.gripper.max_force)
        if turning is None:
            return plan
        self._play(player, turning, turning.T_table_object, np.full(len(turning.frame_due), -1))
        return self._take_up_again(player, recovery, first, feedback, turns - 1)

    def _correction(self) -> Correction:
        feedback = self._feedback
        return Correction(self._robot, *((feedback.response, feedback.max_correction) if feedback else (1.0, 0.0)))
