"""How hard the fingers must press."""

from __future__ import annotations

import math

from franka_imitation.config import ImitationConfig
from franka_imitation.robot import Robot
from rhov_core.errors import PlanningError
from rhov_core.object_model import ObjectModel

GRAVITY = 9.81
"""[m/s^2]"""
_SAFETY = 1.5
"""A grip must be able to bear this many times the weight."""
SURE = 3.0
"""It is chosen to bear so many, where the gripper can: mass and friction of an object are hardly known to a third."""
_PAD_REACH = 0.012
"""Radius at which the friction of a pad resists the object's turning in the grip [m]."""


def refuse_heavy(object_model: ObjectModel, robot: Robot, config: ImitationConfig) -> None:
    """Refuses what arm and fingers cannot carry.

    Raises:
        PlanningError: Naming mass or force and its limit.
    """
    if object_model.mass > config.max_mass:
        raise PlanningError(
            f"The object weighs {object_model.mass:.2f} kg; {robot.name} lifts at most {config.max_mass:g} kg: "
            "use a lighter object, or correct its mass."
        )
    needed = grip_force(object_model, 0.0)
    if needed > robot.gripper.max_force:
        raise PlanningError(
            f"With a friction coefficient of {object_model.friction:g} the fingers must press with {needed:.0f} N to "
            f"hold {object_model.mass:.2f} kg; {robot.name} presses with at most {robot.gripper.max_force:.0f} N: "
            "use a lighter object or pads with more friction."
        )


def grip_force(object_model: ObjectModel, lever: float, safety: float = _SAFETY) -> float:
    """Force of each finger [N] that keeps an object from sliding and from turning in the grip.

    Args:
        object_model: Gives mass and friction.
        lever: Distance of its centre of mass from the piece of the closing axis between the fingers [m].
        safety: How many times its weight the grip bears.
    """
    per_newton = 2 * object_model.friction
    return safety * object_model.mass * GRAVITY * math.hypot(1.0, lever / _PAD_REACH) / per_newton
