"""Where the parts of an open gripper are, for quick tests before exact collision checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_imitation.robot import Robot
from rhov_core.arrays import FloatArray

_FRANKA_PALM = np.array([[0.0, 0.0, 0.0349, 0.032, 0.102, 0.0315]])
_FRANKA_TIP = np.array([0.0105, 0.023, 0.0105])
_PROBES = ([-0.8, 0.0, 0.8], [-0.9, -0.4, 0.0, 0.4, 0.9], [0.9, -0.4])
"""Where a box is probed along x, y and z, relative to its half sides; it meets the object with its front."""


@dataclass(frozen=True)
class GripperBounds:
    """A gripper in the frame of its tool centre point: z approaches, y closes."""

    palm: FloatArray
    """(P, 6) centres and half sides of boxes [m]."""
    tip: FloatArray
    """(3,) half width, thickness and reach beyond the tool centre point of a finger tip [m]."""

    @classmethod
    def of(cls, robot: Robot) -> GripperBounds:
        """Those of a robot's gripper."""
        shape = robot.gripper.shape
        palm, tip = _FRANKA_PALM, _FRANKA_TIP
        if shape is not None:
            palm = shape.palm
            thickness = 2 * (shape.pad[1] + shape.finger[1])
            tip = np.array([max(shape.pad[0], shape.finger[0]), thickness, shape.pad[2]])
        return cls(palm - np.concatenate([robot.tcp_from_hand, np.zeros(3)]), tip)

    @property
    def corners(self) -> FloatArray:
        """(8 P, 3) corners of the palm [m]."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return (self.palm[:, None, :3] + signs * self.palm[:, None, 3:]).reshape(-1, 3)

    @property
    def probes(self) -> FloatArray:
        """(N, 3) points inside the palm [m]."""
        grid = np.stack(np.meshgrid(*_PROBES, indexing="ij"), axis=-1).reshape(-1, 3)
        return (self.palm[:, None, :3] + grid * self.palm[:, None, 3:]).reshape(-1, 3)
