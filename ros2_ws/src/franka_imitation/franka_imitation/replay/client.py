"""What a replay needs of a robot, whether it is in this program or behind ROS."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from franka_imitation.controller.goal import TrajectoryGoal
from franka_imitation.replay.recording import Recording
from rhov_core.arrays import FloatArray
from rhov_core.errors import RhovError


class ReplayError(RhovError):
    """The robot did not do what it was asked to; the message says what and why."""


class Posture(NamedTuple):
    """Where the robot is."""

    time: float
    """Of the robot's clock [s]."""
    q: FloatArray
    """(7,) [rad]"""
    width: float
    """Distance of the fingers [m]."""


class Followed(NamedTuple):
    """How a trajectory goal ended."""

    success: bool
    message: str
    start: float
    """When the controller started it [s of the robot's clock]; NaN if it never did."""
    largest_error: float
    """Between desired and measured position of any joint [rad]."""


class Gripped(NamedTuple):
    """How a gripper goal ended."""

    success: bool
    message: str
    width: float
    """Distance of the fingers [m]."""


class RobotClient(Protocol):
    """A robot that follows goals. Methods return when the goal has ended.

    Goals are cancelled, and the robot comes to rest, when `cancelled` turns true; it is asked all the time.
    """

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The robot's joints."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether nobody can be hurt."""
        ...

    @property
    def recording(self) -> Recording:
        """What was observed so far."""
        ...

    def posture(self) -> Posture:
        """Where the robot is now."""
        ...

    def follow(
        self, goal: TrajectoryGoal, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Followed:
        """Follows a trajectory; `progress` gets the time since its start [s]."""
        ...

    def stream(self, goal: TrajectoryGoal, *, anew: bool) -> str | None:
        """Follows a trajectory in place of the one that was streamed before, without waiting for its end.

        Args:
            goal: The trajectory.
            anew: Another stream begins.

        Returns:
            Why not, or None. When anybody else ended the one before, an emergency stop or the controller, no other is
            followed in this stream, whatever was recovered since.
        """
        ...

    def until(self, time: float) -> bool:
        """Waits for a time of the robot's clock [s]; False if it does not come."""
        ...

    def grip(self, width: float, force: float, cancelled: Callable[[], bool]) -> Gripped:
        """Moves the fingers to a distance [m], pressing with a force [N] on what is in between."""
        ...

    def place_object(self, T_base_object: FloatArray) -> str | None:
        """Puts a simulated object at a pose (4, 4), a person puts a real one; returns why it is not there."""
        ...

    def wait(self, seconds: float) -> None:
        """Lets time of the robot's clock pass, so that everything is recorded up to now."""
        ...
