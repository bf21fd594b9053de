"""What a robot is to the controllers: simulated or real, one file each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from franka_imitation.controller.spline import Sample
from franka_imitation.robot import Robot


@dataclass(frozen=True)
class RobotState:
    """What a robot measures and does at one time."""

    time: float
    """The robot's clock [s]; a simulation may run faster than the wall's."""
    measured: Sample
    """State of the joints; accelerations are NaN where they are not measured."""
    commanded: Sample
    """The last command that was sent to the joints."""
    width: float
    """Distance of the fingers [m]."""
    fault: str | None
    """Why the robot was stopped, or None; it moves again only after `recover`."""


class RobotBackend(ABC):
    """A connected arm with a gripper.

    Whoever holds a backend calls `send` and then `advance` once per `period`. The backend limits what is sent in
    velocity, acceleration and jerk, and comes to rest by itself when set-points stay away, when the arm deviates
    from its commands, or when `stop` is called.
    """

    robot: Robot
    period: float
    """Time between two set-points [s]."""

    @abstractmethod
    def connect(self) -> None:
        """Connects and holds the current posture. Other methods may be called only after it."""

    @abstractmethod
    def disconnect(self) -> None:
        """Comes to rest and disconnects."""

    @abstractmethod
    def read(self) -> RobotState:
        """The current state."""

    @abstractmethod
    def send(self, set_point: Sample | None) -> Sample | None:
        """Gives the robot its set-point until the next one.

        Args:
            set_point: Where the joints should be now and how they move; None: come to rest and hold.

        Returns:
            What was really sent, after clipping; None where the robot comes to rest, for whatever reason.
        """

    @abstractmethod
    def move_gripper(self, width: float, speed: float, force: float) -> None:
        """Moves the fingers towards a distance and goes on pressing when something is between them.

        Args:
            width: Distance of the fingers [m]; it is clipped to what the gripper can do.
            speed: Rate of the width [m/s]; likewise.
            force: Largest force on what is between the fingers [N]; likewise.
        """

    @abstractmethod
    def stop_gripper(self) -> None:
        """Holds the fingers where they are."""

    @abstractmethod
    def stop(self, reason: str) -> None:
        """Brings the arm to rest within its limits and refuses set-points until `recover` is called."""

    @abstractmethod
    def recover(self) -> str | None:
        """Accepts set-points again, from the current posture.

        Returns:
            Why that is not possible yet, in one sentence, or None.
        """

    @abstractmethod
    def advance(self) -> None:
        """Lets one period pass: a real robot waits for it, a simulation steps."""
