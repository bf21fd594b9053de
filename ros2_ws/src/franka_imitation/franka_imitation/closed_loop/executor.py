"""Carries out plans in a workplace, open loop or with feedback on the object's pose."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from franka_imitation.closed_loop.aim import Aim
from franka_imitation.closed_loop.config import FeedbackConfig
from franka_imitation.closed_loop.correction import Correction
from franka_imitation.closed_loop.execution import Execution
from franka_imitation.closed_loop.player import Player
from franka_imitation.closed_loop.put_away import Grip, put_away
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.closed_loop.workplace import Workplace
from franka_imitation.kinematics import Kinematics
from franka_imitation.motion_plan import MotionPlan
from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray
from rhov_core.errors import PlanningError

_BRAKING = 0.25
"""In which the demonstration comes to a standstill when it has to wait [s]."""
_DOUBT = 0.5
"""A loss may have begun so long before it is noticed [s]."""
_HOPELESS = 1.5
"""Times the distance at which the demonstration waits: an object that stays so far off is badly held."""
_AT_REST = 0.02
"""The correction has come to rest when no joint is faster [rad/s]: another motion begins without it."""
_TURNS = 2
"""How often an object is turned over before it is given up."""
_STEPS = 4
"""Of inverse kinematics for each correction."""


class _Loss(NamedTuple):
    """That a plan could not be followed to its end."""

    frame: int
    """From here on the object may not have been where it should."""
    grip: Grip | None
    """With which it is still held, though not as it should be."""


class Executor:
    """Carries out one plan.

    Args:
        workplace: Robot and camera.
        kinematics: Of the arm.
        robot: Its limits.
        feedback: None: open loop.
        recovery: Makes plans for an object that was lost, when first needed; None: it is not taken up again.
        progress: Is told the time of the plan that was reached [s]; of another plan the time at which the first one
            would be as far.
    """

    def __init__(
        self,
        workplace: Workplace,
        kinematics: Kinematics,
        robot: Robot,
        feedback: FeedbackConfig | None = None,
        recovery: Callable[[], Recovery] | None = None,
        progress: Callable[[float], None] = lambda time: None,
    ) -> None:
        self._workplace, self._kinematics, self._robot = workplace, kinematics, robot
        self._feedback, self._recovery, self._progress = feedback, recovery, progress
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
        first, retries, gave_up, shown = 0, 0, "", plan.frame_due
        while (lost := self._play(player, plan, wanted[first:], due[first:], shown[first:])) is not None:
            if self._recovery is None or self._feedback is None or retries == self._feedback.retries:
                gave_up = f"the object was lost {retries + 1} times"
                break
            retries += 1
            try:
                recovery = self._recovery()
                first = recovery.first(first + lost.frame)
                plan = self._take_up_again(player, recovery, first, self._feedback, lost.grip)
            except PlanningError as error:
                gave_up = str(error)
                break
        return Execution(np.array(player.times), np.array(player.states), due, self._waited, retries, gave_up)

    def _play(
        self,
        player: Player,
        plan: MotionPlan,
        wanted: FloatArray,
        due: NDArray[np.int64],
        shown: FloatArray | None = None,
    ) -> _Loss | None:
        """Follows a plan and fills in `due`; returns None, or how it ended before.

        Args:
            player: Of the robot.
            plan: What is followed.
            wanted: (F, 4, 4) T_table_object for its frames.
            due: (F,) gets the index of the instant of each frame.
            shown: (F,) when the same frames are due in the first plan [s]; None: no progress is told.
        """
        spline, feedback = CubicHermiteSpline(plan.time, plan.q, plan.velocity), self._feedback
        aim = Aim(plan, wanted, feedback) if feedback else None
        player.begin()
        correction = self._correction()
        at, pace, frame, waited, waits, since_look, hopeless = 0.0, 1.0, 0, 0.0, False, np.inf, 0.0
        while at < plan.time[-1] - 1e-9:
            if aim is not None and feedback is not None and since_look >= 1 / feedback.rate - 1e-9:
                ahead = min(at + 2 * pace * feedback.response, float(plan.time[-1]))  # by the lag of the correction
                error = self._look(player, aim, correction, spline([at, ahead]), (at, ahead))
                hopeless, since_look = (hopeless + since_look if error > _HOPELESS else 0.0), 0.0
                leaves = aim.lost or hopeless > feedback.patience
                waits = leaves or (error > 1 and waited < feedback.patience)
                if leaves:
                    correction.aim(correction.value)
                if leaves and pace == 0.0 and np.abs(correction.velocity).max() < _AT_REST:
                    grip = None if aim.lost else Grip(plan.gripper_width[-1], plan.grip_force)
                    return _Loss(int((plan.frame_due < at - _DOUBT).sum()), grip)
            k = min(int(at / plan.period + 1e-6), len(plan.time) - 1)
            pace = float(np.clip(pace + (-1 if waits else 1) * plan.period / _BRAKING, 0.0, 1.0))
            at = player.advance(spline, at, pace, correction, plan.gripper_width[k], plan.grip_force)
            if shown is not None:
                self._progress(float(np.interp(at, plan.frame_due, shown)) + min(at - plan.frame_due[0], 0.0))
            since_look += plan.period
            waited += plan.period * (1 - pace)
            while frame < len(due) and at >= plan.frame_due[frame] - plan.period / 2:
                due[frame] = len(player.times) - 1
                frame += 1
        self._waited += waited
        return None

    def _look(
        self, player: Player, aim: Aim, correction: Correction, planned: FloatArray, times: tuple[float, float]
    ) -> float:
        """Measures, corrects, and returns how far the object is off, see `Aim.error`.

        Args:
            player: Of the robot.
            aim: Of the plan.
            correction: What is added to its joints.
            planned: (2, 7) postures now and when the correction will be in force [rad].
            times: The two times of the plan [s].
        """
        seen = player.look()
        q_then, then = (planned[0], times[0]) if seen.sent is None else (seen.sent.q, seen.sent.at)
        tools = self._kinematics.forward(np.stack([q_then, planned[1], planned[0] + correction.value]))
        if seen.is_new:
            aim.see(then, seen.measured, tools[0])
        near = planned[1] + correction.goal
        target = aim.tool(times[1], tools[1])
        solution = self._kinematics.inverse(target[None], near[None], rest=near, iterations=_STEPS)
        correction.aim(solution.q[0] - planned[1])
        return aim.error(times[0], tools[2])

    def _take_up_again(
        self,
        player: Player,
        recovery: Recovery,
        first: int,
        feedback: FeedbackConfig,
        grip: Grip | None = None,
        turns: int = _TURNS,
    ) -> MotionPlan:
        """Lets go, waits until the object is at rest, retreats, and plans anew for the frames from `first` on.

        An object that lies so that no grasp serves both for taking it up and for the rest of the demonstration is
        turned over first, at most `turns` times.
        """
        still = self._correction()
        lies = put_away(player, recovery, still, feedback, grip)
        turning = None
        try:
            plan = recovery.plan(lies, first)
        except PlanningError:
            if turns == 0:
                raise
            plan = turning = recovery.turning(lies, first)
        gripper = self._robot.gripper
        player.drive(recovery.retreat(player.q, lies, gripper.max_width), still, gripper.max_width, gripper.max_force)
        if turning is None:
            return plan
        self._play(player, turning, turning.T_table_object, np.full(len(turning.frame_due), -1))
        return self._take_up_again(player, recovery, first, feedback, turns=turns - 1)

    def _correction(self) -> Correction:
        feedback = self._feedback
        return Correction(self._robot, *((feedback.response, feedback.max_correction) if feedback else (1.0, 0.0)))
