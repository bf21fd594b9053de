"""A correction of the joints that goes smoothly to where it is wanted, within the robot's limits."""

from __future__ import annotations

import numpy as np

from franka_imitation.robot import JOINTS, Robot
from rhov_core.arrays import FloatArray

_SHARE = 0.3
"""Of the limits of velocity and acceleration; the planned motion uses the rest."""


class Correction:
    """A critically damped second-order filter with bounds.

    Args:
        robot: Gives the limits.
        response: Time constant [s].
        largest: Bound of the correction of any joint [rad].
    """

    def __init__(self, robot: Robot, response: float, largest: float) -> None:
        self._velocity_limit = _SHARE * robot.limits.velocity
        self._acceleration_limit = _SHARE * robot.limits.acceleration
        self._response, self._largest = response, largest
        self.goal: FloatArray = np.zeros(JOINTS)
        """(7,) [rad]"""
        self.value: FloatArray = np.zeros(JOINTS)
        """(7,) [rad]"""
        self.velocity: FloatArray = np.zeros(JOINTS)
        """(7,) [rad/s]"""

    def aim(self, goal: FloatArray) -> None:
        """Sets where to go, (7,) [rad]."""
        self.goal = np.clip(goal, -self._largest, self._largest)

    def advance(self, duration: float) -> None:
        """Lets time pass [s]."""
        stiffness = 1 / self._response**2
        wanted = stiffness * (self.goal - self.value) - 2 * self.velocity / self._response
        acceleration = np.clip(wanted, -self._acceleration_limit, self._acceleration_limit)
        velocity = self.velocity + duration * acceleration
        self.velocity = np.clip(velocity, -self._velocity_limit, self._velocity_limit)
        self.value = self.value + duration * self.velocity
