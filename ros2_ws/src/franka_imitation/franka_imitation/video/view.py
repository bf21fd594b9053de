"""From where a rollout is seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from franka_imitation.motion_plan import MotionPlan
from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.pose import make_transform

SIZE = (640, 480)
"""Width and height of the pictures [pixel]."""
FIELD_OF_VIEW = 45.0
"""Vertical [degrees]."""
_LEAST_HALF, _HAND = 0.28, 0.25
"""At least twice this height over the table is seen, and so much above the object: there is the hand [m]."""


@dataclass(frozen=True)
class View:
    """A camera that looks at a point of the robot's base frame."""

    target: FloatArray
    """(3,) [m]"""
    distance: float
    """[m]"""
    azimuth: float
    """Direction of view about the vertical, 0 along x [degrees]."""
    elevation: float
    """Direction of view over the horizon, negative downwards [degrees]."""

    @classmethod
    def of(cls, plan: MotionPlan) -> View:
        """A view with the robot, the table and the whole path of the object."""
        points = np.concatenate(
            [plan.T_table_object[:, :3, 3], plan.T_table_object_start[None, :3, 3], np.zeros((1, 3))]
        )
        low, high = points.min(axis=0), points.max(axis=0)
        target = (low + high) / 2
        half = max(_LEAST_HALF, (float(high[2]) + _HAND) / 2)  # of the height that is seen
        target[2] = half
        wide = 1.0 + 0.5 * float(np.linalg.norm((high - low)[:2]))
        return cls(target, max(wide, 1.1 * half / np.tan(np.deg2rad(FIELD_OF_VIEW / 2))), 135.0, -20.0)

    @property
    def T_world_camera(self) -> FloatArray:
        """(4, 4) pose of the optical frame."""
        azimuth, elevation = np.deg2rad([self.azimuth, self.elevation])
        forward = np.array(
            [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
        )
        right = np.array([np.sin(azimuth), -np.cos(azimuth), 0.0])
        rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
        return make_transform(rotation, self.target - self.distance * forward)

    @property
    def camera(self) -> Camera:
        """Its intrinsics."""
        return Camera.from_focal(SIZE[1] / 2 / np.tan(np.deg2rad(FIELD_OF_VIEW / 2)), *SIZE)


class Painter(ABC):
    """Makes pictures of a workplace."""

    @abstractmethod
    def paint(self, state: FloatArray, T_ghost: FloatArray) -> ByteArray:
        """A picture (480, 640, 3), BGR.

        Args:
            state: (16,) state of the scene.
            T_ghost: (4, 4) where the object should be.
        """

    @abstractmethod
    def close(self) -> None:
        """Frees what the painter holds."""
