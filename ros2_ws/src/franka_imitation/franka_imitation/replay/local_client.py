"""A robot in this program: the control loop runs in the caller's thread, as fast as it can."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from franka_imitation.controller.goal import TrajectoryGoal
from franka_imitation.controller.gripper_controller import GripperConfig
from franka_imitation.controller.joint_trajectory_controller import SUCCESSFUL, ControllerConfig
from franka_imitation.controller.loop import ControlLoop, Cycle
from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay.client import Followed, Gripped, Posture
from franka_imitation.replay.recording import Recording
from rhov_core.arrays import FloatArray

_RECORD_EVERY = 4
"""Cycles: about 60 times a second."""


class LocalClient:
    """Drives a simulated robot through the same controllers that the ROS node offers.

    Args:
        robot: A simulated robot; it is connected here.
        controller: Tolerances; None: the defaults.
        gripper: How gripper goals are executed; None: the defaults.
    """

    def __init__(
        self,
        robot: SimulatedRobot,
        controller: ControllerConfig | None = None,
        gripper: GripperConfig | None = None,
    ) -> None:
        self._robot = robot
        robot.connect()
        self.loop = ControlLoop(robot, controller or ControllerConfig(), gripper or GripperConfig())
        self._recording = Recording()
        self._cycles = 0
        self._streamed: int | None = None
        self._ended: str | None = None
        self._cycle()

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The robot's joints."""
        return self._robot.robot.joint_names

    @property
    def simulated(self) -> bool:
        """Always."""
        return True

    @property
    def recording(self) -> Recording:
        """What was observed so far."""
        return self._recording

    def posture(self) -> Posture:
        """Where the robot is now."""
        state = self._robot.read()
        return Posture(state.time, state.measured.positions, state.width)

    def follow(
        self, goal: TrajectoryGoal, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Followed:
        """Follows a trajectory to its end."""
        reason = self.loop.refusal(goal)
        if reason:
            return Followed(False, reason, np.nan, 0.0)
        number, _ = self.loop.follow(goal)
        self._streamed = None
        start, worst = np.nan, 0.0
        while True:
            cycle = self._cycle()
            if cycle.progress.goal_id == number:
                start = cycle.state.time - cycle.progress.time_from_start if np.isnan(start) else start
                worst = max(worst, float(np.abs(cycle.progress.error[0]).max()))
                progress(cycle.progress.time_from_start)
            for outcome in cycle.outcomes:
                if outcome.goal_id == number:
                    success = outcome.code == SUCCESSFUL and not outcome.cancelled
                    return Followed(success, outcome.message, start, worst)
            if cancelled():
                self.loop.cancel_following(number)

    def stream(self, goal: TrajectoryGoal, *, anew: bool) -> str | None:
        """Follows a trajectory while `until` or another method lets time pass."""
        self._ended = None if anew else self._ended
        reason = self._ended or self.loop.refusal(goal)
        if reason is None:
            self._streamed, _ = self.loop.follow(goal)
        return reason

    def until(self, time: float) -> bool:
        """Runs the simulation."""
        while self._robot.time < time:
            self._cycle()
        return True

    def grip(self, width: float, force: float, cancelled: Callable[[], bool]) -> Gripped:
        """Moves the fingers."""
        reason = self.loop.gripper_refusal()
        if reason:
            return Gripped(False, reason, self._robot.read().width)
        number = self.loop.grip(width / 2, force)
        while True:
            for outcome in self._cycle().gripper_outcomes:
                if outcome.goal_id == number:
                    return Gripped(outcome.success, outcome.message, outcome.width)
            if cancelled():
                self.loop.cancel_gripping(number)

    def place_object(self, T_base_object: FloatArray) -> str | None:
        """Puts the simulated object at a pose."""
        return self._robot.place_object(T_base_object)

    def wait(self, seconds: float) -> None:
        """Runs the simulation for some time."""
        for _ in range(round(seconds / self._robot.period)):
            self._cycle()

    def _cycle(self) -> Cycle:
        cycle = self.loop.cycle()
        for outcome in cycle.outcomes:
            if outcome.goal_id == self._streamed and outcome.code != SUCCESSFUL:
                self._ended = outcome.message
        if self._cycles % _RECORD_EVERY == 0:
            state = cycle.state
            self._recording.add_robot(state.time, state.measured.positions, state.width)
            self._recording.add_object(self._robot.time, self._robot.T_base_object)
        self._cycles += 1
        return cycle
