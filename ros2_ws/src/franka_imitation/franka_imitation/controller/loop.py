"""One cycle after the other: read the robot, follow the goals, send the set-point, let time pass.

Everything that a node or a program may ask of the robot goes through a `ControlLoop`; its methods may be called
from any thread while another one runs the cycles.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from franka_imitation.controller.goal import TrajectoryGoal
from franka_imitation.controller.gripper_controller import GripperConfig, GripperController, GripperOutcome
from franka_imitation.controller.joint_trajectory_controller import (
    ControllerConfig,
    JointTrajectoryController,
    Outcome,
    Progress,
)
from franka_imitation.hardware.backend import RobotBackend, RobotState

_LATE = 0.1
"""A loop that is later than this gives up its schedule [s]."""
_NAP = 0.02
"""Without a goal the loop wakes up this rarely and then runs the cycles that are due [s]."""


class _FairLock:
    """A re-entrant lock that a thread which takes it again and again cannot keep from a thread that waits."""

    def __init__(self) -> None:
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        if self._owner != threading.get_ident():
            with self._turn:
                self._lock.acquire()
            self._owner = threading.get_ident()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None
            self._lock.release()


@dataclass(frozen=True)
class Cycle:
    """What happened in one cycle."""

    state: RobotState
    progress: Progress
    outcomes: tuple[Outcome, ...]
    gripper_outcomes: tuple[GripperOutcome, ...]


class ControlLoop:
    """Two controllers in front of a connected robot.

    Args:
        backend: The robot.
        controller: Tolerances of trajectory goals.
        gripper: How gripper goals are executed.
        client_timeout: A client that has sent `heartbeat` during its goal and then stays silent for this long is
            taken for dead, and its goals are aborted [s of the wall's clock].
    """

    def __init__(
        self, backend: RobotBackend, controller: ControllerConfig, gripper: GripperConfig, client_timeout: float = 1.0
    ) -> None:
        self.backend = backend
        self._lock = _FairLock()
        self._arm = JointTrajectoryController(backend.robot.joint_names, controller)
        self._gripper = GripperController(backend.robot.gripper, gripper)
        self._client_timeout = client_timeout
        self._heartbeat: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a goal is being followed."""
        return self._arm.active_goal is not None or self._gripper.active_goal is not None

    def between_cycles(self) -> AbstractContextManager[None]:
        """No cycle runs while the caller is inside."""
        return self._lock

    def refusal(self, goal: TrajectoryGoal) -> str | None:
        """Why a trajectory goal is not accepted, in one sentence, or None."""
        with self._lock:
            state = self.backend.read()
            return _stopped(state) or self._arm.refusal(goal, state.time)

    def follow(self, goal: TrajectoryGoal) -> tuple[int, str | None]:
        """Follows an accepted goal; returns its number and a warning about its tolerances."""
        with self._lock:
            self._heartbeat = None
            return self._arm.accept(goal)

    def cancel_following(self, goal_id: int) -> None:
        """Comes to rest and holds."""
        with self._lock:
            self._arm.cancel(goal_id)

    def gripper_refusal(self) -> str | None:
        """Why gripper goals are not accepted, in one sentence, or None."""
        with self._lock:
            return _stopped(self.backend.read())

    def grip(self, position: float, max_effort: float) -> int:
        """Starts a gripper goal: half the distance of the fingers [m] and a force [N]; returns its number."""
        with self._lock:
            state = self.backend.read()
            goal_id, motion = self._gripper.accept(position, max_effort, state.time, state.width)
            if motion is not None:
                self.backend.move_gripper(*motion)
            return goal_id

    def cancel_gripping(self, goal_id: int) -> None:
        """Holds the fingers where they are."""
        with self._lock:
            if self._gripper.cancel(goal_id, self.backend.read().width):
                self.backend.stop_gripper()

    def emergency_stop(self, reason: str) -> None:
        """Brings the arm to rest, ends all goals and refuses new ones until `recover`. A held object stays held."""
        with self._lock:
            self.backend.stop(reason)
            self._arm.abort(reason)
            self._gripper.abort(reason, self.backend.read().width)

    def recover(self) -> str | None:
        """Accepts goals again; returns why that is not possible yet, or None."""
        with self._lock:
            return self.backend.recover()

    def heartbeat(self) -> None:
        """The client is alive; from the first call in a goal on it has to go on calling."""
        with self._lock:
            self._heartbeat = time.monotonic()

    def cycle(self) -> Cycle:
        """Runs one cycle and lets one period pass."""
        with self._lock:
            state = self.backend.read()
            if state.fault and self.busy:
                self._arm.abort(state.fault)
                self._gripper.abort(state.fault, state.width)
            self._check_client()
            set_point, progress = self._arm.update(state.time, state.measured, state.commanded)
            self._gripper.update(state.time, state.width)
            self.backend.send(set_point)
            outcomes = tuple(self._arm.take_outcomes())
            gripper_outcomes = tuple(self._gripper.take_outcomes())
            self.backend.advance()
        return Cycle(state, progress, outcomes, gripper_outcomes)

    def _check_client(self) -> None:
        if self._arm.active_goal is None or self._heartbeat is None:
            return
        silence = time.monotonic() - self._heartbeat
        if silence > self._client_timeout:
            self._arm.abort(f"The client of this goal has been silent for {silence:.1f} s.")


def _stopped(state: RobotState) -> str | None:
    return f"The robot is stopped ({state.fault.rstrip('.')}): call recover first." if state.fault else None


def run(loop: ControlLoop, stop: threading.Event, time_scale: float, on_cycle: Callable[[Cycle], None]) -> None:
    """Runs cycles until `stop` is set.

    Args:
        loop: The loop.
        stop: Ends it.
        time_scale: Seconds of the robot per second of the wall; 0: as fast as possible while a goal is followed.
            Anything but 1 makes sense in simulation only.
        on_cycle: Called after each cycle, in this thread.
    """
    due = time.monotonic()
    while not stop.is_set():
        on_cycle(loop.cycle())
        busy = loop.busy
        scale = time_scale if time_scale > 0 or busy else 1.0
        now = time.monotonic()
        if scale == 0 or due < now - _LATE:
            due = now  # a late loop does not hurry to make up for lost time
        if scale > 0:
            due += loop.backend.period / scale
            if due > now:
                time.sleep(due - now + (0 if busy else _NAP))
