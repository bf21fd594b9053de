"""What happened when a plan was carried out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from franka_imitation.config import ImitationConfig
from franka_imitation.scene import object_poses
from franka_imitation.simulate import Score
from rhov_core.arrays import FloatArray
from rhov_core.pose import difference


@dataclass(frozen=True)
class Execution:
    """The course of a motion at N instants; F frames of a demonstration."""

    time: FloatArray
    """(N,) [s]"""
    state: FloatArray
    """(N, 16) `qpos` of the simulated workplace."""
    due: NDArray[np.int64]
    """(F,) instants at which the frames were due, the last time each was; -1: never."""
    waited: float
    """How long the demonstration stood still for the object [s]."""
    retries: int
    """How often the object was taken up again."""
    gave_up: str
    """Why the demonstration was not followed to its end; empty if it was."""

    def judged(self, wanted: FloatArray, config: ImitationConfig) -> Score:
        """Compares the object's poses with those wanted (F, 4, 4) T_table_object; frames never due do not match."""
        happened = self.due >= 0
        error = difference(object_poses(self.state[np.maximum(self.due, 0)]), wanted)
        position, rotation = np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1)
        near = (position <= config.max_position_error) & (rotation <= config.max_rotation_error)
        return Score(happened & near, position, rotation, bool(self.gave_up) or not happened.all())
