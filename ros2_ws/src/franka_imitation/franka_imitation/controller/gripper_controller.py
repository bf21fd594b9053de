"""The state machine behind `control_msgs/action/GripperCommand`, as franka_ros2's gripper understands it.

The position of a goal is half the distance of the fingers (the position of one finger). A goal that closes is a
grasp: fingers that come to rest on an object have stalled, which is a success, and they go on pressing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from franka_imitation.robot import GripperLimits
from rhov_core.config import check_ranges, setting


@dataclass(frozen=True)
class GripperConfig:
    """How goals are executed and when they have ended."""

    speed: float = setting(0.1, "rate of the width [m/s]", low=0.001, high=1.0)
    default_force: float = setting(40.0, "force where a goal's max_effort is 0 [N]", low=1.0)
    position_tolerance: float = setting(0.001, "error of the width at which a goal is reached [m]", low=1e-5)
    grasp_tolerance: float = setting(
        0.005, "error of the width at which a stalled grasp is a reached goal [m]", low=1e-5
    )
    stall_speed: float = setting(0.002, "fingers slower than this stand still [m/s]", low=1e-5)
    stall_time: float = setting(0.15, "fingers that stand still for this long have stalled [s]", low=0.01)
    start_time: float = setting(0.3, "fingers may take this long to begin to move [s]", low=0.0)
    timeout: float = setting(5.0, "a goal that has neither reached nor stalled fails [s]", low=0.1)

    def __post_init__(self) -> None:
        check_ranges(self)


class GripperMotion(NamedTuple):
    """What the gripper is told."""

    width: float
    """[m]"""
    speed: float
    """[m/s]"""
    force: float
    """[N]"""


class GripperOutcome(NamedTuple):
    """How a goal ended."""

    goal_id: int
    width: float
    """Distance of the fingers [m]."""
    reached: bool
    stalled: bool
    message: str
    cancelled: bool = False

    @property
    def success(self) -> bool:
        """Whether the goal succeeded: fingers that closed onto an object did."""
        return not self.cancelled and (self.reached or self.stalled)


@dataclass
class _Active:
    goal_id: int
    motion: GripperMotion
    closing: bool
    since: float
    still_since: float
    width: float


class GripperController:
    """Executes one goal at a time; a new goal aborts the one before.

    Args:
        limits: Of the gripper.
        config: How goals are executed.
    """

    def __init__(self, limits: GripperLimits, config: GripperConfig) -> None:
        self._limits, self._config = limits, config
        self._active: _Active | None = None
        self._outcomes: list[GripperOutcome] = []
        self._count = 0

    def accept(self, position: float, max_effort: float, now: float, width: float) -> tuple[int, GripperMotion | None]:
        """Starts a goal.

        Args:
            position: Half the wanted distance of the fingers [m].
            max_effort: Force [N]; 0: the default.
            now: The controller's time [s].
            width: Measured distance of the fingers [m].

        Returns:
            The number of the goal, and what to tell the gripper (None: nothing, the goal has failed).
        """
        self.abort("Another goal came.", width)
        self._count += 1
        target = 2 * position
        if not 0 <= target <= self._limits.max_width or not max_effort >= 0:
            message = (
                f"A width of {target:g} m with {max_effort:g} N is not possible: 0 to {self._limits.max_width:g} m."
            )
            self._outcomes.append(GripperOutcome(self._count, width, False, False, message))
            return self._count, None
        force = min(max_effort or self._config.default_force, self._limits.max_force)
        motion = GripperMotion(target, min(self._config.speed, self._limits.max_speed), force)
        self._active = _Active(self._count, motion, target < width, now, now + self._config.start_time, width)
        return self._count, motion

    def cancel(self, goal_id: int, width: float) -> bool:
        """Ends a goal at the client's wish; returns whether it was active and the gripper has to hold."""
        if self._active is None or self._active.goal_id != goal_id:
            return False
        self._end(width, False, False, "Cancelled by the client.", cancelled=True)
        return True

    def abort(self, reason: str, width: float) -> None:
        """Ends the active goal, if any, as failed."""
        if self._active:
            self._end(width, False, False, reason)

    def take_outcomes(self) -> list[GripperOutcome]:
        """The goals that ended since the last call."""
        out, self._outcomes = self._outcomes, []
        return out

    @property
    def active_goal(self) -> int | None:
        """The goal that is being executed, or None."""
        return self._active.goal_id if self._active else None

    def update(self, now: float, width: float) -> None:
        """Judges the active goal by the measured width [m] at the controller's time [s]."""
        active, config = self._active, self._config
        if active is None:
            return
        if abs(width - active.width) > config.stall_speed * config.stall_time:
            active.width, active.still_since = width, now
        still = now - active.still_since >= config.stall_time
        error = abs(width - active.motion.width)
        if error <= config.position_tolerance:
            self._end(width, True, False, "The goal was reached.")
        elif still and active.closing:
            self._end(width, error <= config.grasp_tolerance, True, f"The fingers stand still at {width:.4f} m.")
        elif now - active.since > config.timeout or still:
            self._end(
                width, False, False, f"The fingers stand still at {width:.4f} m, short of {active.motion.width:.4f} m."
            )

    def _end(self, width: float, reached: bool, stalled: bool, message: str, *, cancelled: bool = False) -> None:
        assert self._active is not None
        self._outcomes.append(GripperOutcome(self._active.goal_id, width, reached, stalled, message, cancelled))
        self._active = None
