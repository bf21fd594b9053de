"""What differs between the workplace that a plan was made for and the one in which it is carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from franka_imitation.motion_plan import PHASES, MotionPlan
from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting
from rhov_core.object_model import ObjectModel


@dataclass(frozen=True)
class Conditions:
    """Physics, errors and disturbances of one trial; directions are drawn from the seed."""

    mass_factor: float = setting(1.0, "mass of the object over the assumed one", low=0.01)
    friction_factor: float = setting(1.0, "friction of the object and the pads over the assumed one", low=0.01)
    start_position: float = setting(0.0, "how far the object stands from where it is assumed [m]", low=0.0)
    start_rotation: float = setting(0.0, "how far it is turned about the vertical [rad]", low=0.0)
    noise_position: float = setting(0.0, "standard deviation of each measured coordinate of the object [m]", low=0.0)
    noise_rotation: float = setting(0.0, "the same of its rotation vector [rad]", low=0.0)
    delay: float = setting(0.03, "age of a measurement when it arrives [s]", low=0.0, high=1.0)
    push: float = setting(0.0, "the standing object is pushed this far before the gripper reaches for it [m]", low=0.0)
    slip: float = setting(0.0, "the object slips this far between the fingers while it is carried [m]", low=0.0)
    drop: float = setting(0.0, "the fingers open for so long while it is carried [s]", low=0.0)
    seed: int = setting(0, "of directions and noise", low=0)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class Disturbances:
    """What happens when, in the time of the workplace."""

    push_time: float
    slip_time: float
    drop_time: float
    """[s]"""

    @classmethod
    def during(cls, plan: MotionPlan) -> Disturbances:
        """The push at the end of the approach, slip and drop after 40 % of the demonstration."""
        reach = plan.time[np.flatnonzero(plan.phase >= PHASES.index("reach"))[0]]
        carried = plan.frame_due[0] + 0.4 * (plan.frame_due[-1] - plan.frame_due[0])
        return cls(float(reach), float(carried), float(carried))


def disturbed(object_model: ObjectModel, conditions: Conditions) -> ObjectModel:
    """The object with its true mass and friction."""
    return replace(
        object_model,
        mass=object_model.mass * conditions.mass_factor,
        friction=object_model.friction * conditions.friction_factor,
    )


def random_direction(generator: np.random.Generator) -> FloatArray:
    """(2,) unit vector."""
    angle = generator.uniform(-np.pi, np.pi)
    return np.array([np.cos(angle), np.sin(angle)])
