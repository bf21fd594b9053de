"""A correction of the joints that goes smoothly to where it is wanted, within the robot's limits."""

from __future__ import annotations

import numpy as np
from numba import njit

from franka_imitation.robot import JOINTS, Robot
from rhov_core.arrays import FloatArray

SHARE = 0.3
"""Of the limits of velocity and acceleration at full speed, which a correction uses besides the planned motion."""


class Correction:
    """A critically damped second-order filter with bounds.

    Args:
        robot: Gives the limits.
        response: Time constant [s].
        largest: Bound of the correction of any joint [rad].
    """

    def __init__(self, robot: Robot, response: float, largest: float) -> None:
        self._velocity_limit = SHARE * robot.limits.velocity
        self._acceleration_limit = SHARE * robot.limits.acceleration
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
        self.value, self.velocity = _advanced(
            self.goal,
            self.value,
            self.velocity,
            self._response,
            self._velocity_limit,
            self._acceleration_limit,
            duration,
        )


@njit(cache=True)
def _advanced(
    goal: FloatArray,
    value: FloatArray,
    velocity: FloatArray,
    response: float,
    velocity_limit: FloatArray,
    acceleration_limit: FloatArray,
    duration: float,
) -> tuple[FloatArray, FloatArray]:
    """Value and velocity after a duration, by the semi-implicit Euler method."""
    wanted = (goal - value) / response**2 - 2 * velocity / response
    acceleration = np.minimum(np.maximum(wanted, -acceleration_limit), acceleration_limit)
    faster = velocity + duration * acceleration
    faster = np.minimum(np.maximum(faster, -velocity_limit), velocity_limit)
    return value + duration * faster, faster
