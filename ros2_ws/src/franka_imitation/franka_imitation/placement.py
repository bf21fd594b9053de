"""Where the camera stands at the robot's table.

A reconstruction lives in the camera's frame. It is carried to the table by `T_table_camera`, which keeps the direction
of gravity; what is left to choose are a turn about the vertical and a shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from franka_imitation.shape import ConvexShape
from franka_imitation.vertical import level
from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.files import atomic_path
from rhov_core.pose import (
    is_transform,
    make_transform,
    quaternion_from_rotation,
    rotation_from_quaternion,
    transform_points,
)

_HEADER = "# Robot's base frame: z up, table at z = 0. Metres; quaternions x y z w.\n"


@dataclass(frozen=True)
class Placement:
    """The camera, and the object before the motion, in the robot's base frame."""

    T_table_camera: FloatArray
    """(4, 4) pose of the camera's optical frame."""
    T_table_object_start: FloatArray | None = None
    """(4, 4) pose in which the object stands on the table before the motion; None: to be searched."""
    up_source: str = "given"
    """How the vertical was found: "given", "resting object" or "assumed camera pitch"."""

    def __post_init__(self) -> None:
        for name in ("T_table_camera", "T_table_object_start"):
            value = getattr(self, name)
            if value is None:
                continue
            object.__setattr__(self, name, checked(name, value, (4, 4)))
            if not is_transform(value):
                raise InputError(f"{name} is no rigid transform", "a rotation and a translation", f"correct {name}")

    @property
    def up_in_camera(self) -> FloatArray:
        """(3,) direction against gravity in the camera's frame."""
        return self.T_table_camera[2, :3].copy()

    def save(self, path: str | Path) -> None:
        """Writes `placement.yaml`."""
        content: dict[str, Any] = {"table_from_camera": _to_plain(self.T_table_camera)}
        if self.T_table_object_start is not None:
            content["table_from_object_start"] = _to_plain(self.T_table_object_start)
        content["up_in_camera"] = [round(float(v), 6) for v in self.up_in_camera]
        content["up_source"] = self.up_source
        with atomic_path(path) as partial:
            partial.write_text(_HEADER + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Placement:
        """Reads `placement.yaml`; only `table_from_camera` is required.

        Raises:
            InputError: If the file is missing or incomplete.
        """
        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            start = content.get("table_from_object_start")
            return cls(
                _from_plain(content["table_from_camera"]),
                None if start is None else _from_plain(start),
                str(content.get("up_source", "given")),
            )
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(
                f"the placement '{path}' cannot be read ({error!r})",
                "table_from_camera with translation [m] and rotation (quaternion x y z w)",
                "start from the placement.yaml of an earlier result",
            ) from error


def _to_plain(T: FloatArray) -> dict[str, list[float]]:
    quaternion = quaternion_from_rotation(T[:3, :3])
    return {"translation": [float(v) for v in T[:3, 3]], "rotation": [float(v) for v in quaternion]}


def _from_plain(content: Any) -> FloatArray:
    quaternion = np.asarray(content["rotation"], np.float64)
    if quaternion.shape != (4,) or not np.isfinite(quaternion).all() or not quaternion.any():
        raise ValueError("the rotation is no quaternion")
    return make_transform(rotation_from_quaternion(quaternion), np.asarray(content["translation"], np.float64))


def candidate_placements(
    poses: FloatArray, shape: ConvexShape, up_in_camera: FloatArray, clearance: float
) -> FloatArray:
    """Placements (P, 4, 4) T_table_camera that put a motion in front of the robot at different turns and distances.

    The robot's first joint turns about the vertical, so only the distance from the base is varied, not the side.

    Args:
        poses: (F, 4, 4) T_camera_object.
        shape: The object.
        up_in_camera: (3,) direction against gravity.
        clearance: Height of the lowest point of the object above the table [m].
    """
    turn = np.arange(24) * (2 * np.pi / 24)
    cos, sin, zero = np.cos(turn), np.sin(turn), np.zeros(len(turn))
    about_z = np.stack([cos, -sin, zero, sin, cos, zero, zero, zero, zero + 1], axis=1).reshape(-1, 3, 3)
    rotation = about_z @ level(up_in_camera)
    centre = transform_points(poses, shape.centre_of_mass[None])[:, 0]
    lowest = (transform_points(poses, shape.corners) @ rotation[0, 2]).min()
    path = centre @ rotation.swapaxes(1, 2)
    middle = (path.min(axis=1) + path.max(axis=1)) / 2
    distances = np.array([0.34, 0.41, 0.48, 0.55, 0.62, 0.7])
    heights = clearance + np.array([0.03, 0.12, 0.22, 0.32, 0.42])
    distance, height = (grid.ravel() for grid in np.meshgrid(distances, heights, indexing="ij"))
    shift = np.empty((len(turn), len(distance), 3))
    shift[..., 0] = distance - middle[:, None, 0]
    shift[..., 1] = -middle[:, None, 1]
    shift[..., 2] = height - lowest
    return make_transform(np.repeat(rotation, len(distance), axis=0), shift.reshape(-1, 3))
