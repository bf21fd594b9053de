"""What a physics simulator has to do for learning; nothing of the task is in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

CONTROL_RATE = 60.0
"""Steps of a policy per second [Hz] (paper, section 4.2)."""


@dataclass(frozen=True)
class SimState:
    """State of N simulated workplaces, in the robot's base frame. The tensors are only valid until the next step."""

    q: Tensor
    """(N, 7) joint positions [rad]."""
    velocity: Tensor
    """(N, 7) joint velocities [rad/s]."""
    width: Tensor
    """(N,) distance of the fingers [m]."""
    width_rate: Tensor
    """(N,) its rate [m/s]."""
    object_pose: Tensor
    """(N, 7) T_table_object as position and quaternion x y z w."""
    object_velocity: Tensor
    """(N, 6) of the object's origin [m/s] and angular [rad/s], both along the axes of the base frame."""


@dataclass(frozen=True)
class ResetState:
    """How n workplaces begin."""

    q: Tensor
    """(n, 7) joint positions [rad], at rest."""
    width: Tensor
    """(n,) distance of the fingers [m]."""
    object_pose: Tensor
    """(n, 7) T_table_object, at rest."""
    mass_factor: Tensor
    """(n,) times the object's mass."""
    friction_factor: Tensor
    """(n,) times the friction of the object and of the finger pads."""


class SimBackend(ABC):
    """N workplaces that are stepped together at `CONTROL_RATE`."""

    count: int
    """N."""

    @abstractmethod
    def reset(self, ids: Tensor, state: ResetState) -> None:
        """Puts the workplaces `ids` (n,) into a state."""

    @abstractmethod
    def step(self, q: Tensor, width: Tensor, grip_force: Tensor) -> None:
        """Simulates one control period.

        Args:
            q: (N, 7) joint positions that the arms' servos are sent [rad].
            width: (N,) distance towards which the fingers move at the gripper's speed [m].
            grip_force: (N,) largest force of each finger [N].
        """

    @abstractmethod
    def state(self) -> SimState:
        """The state now."""
