"""The motion that a robot is asked to make: set-points of the joints and the gripper over time."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from franka_imitation.robot import JOINTS
from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.files import atomic_path

SCHEMA_VERSION = 1
PHASES = ("approach", "reach", "close", "lift", "transfer", "follow", "hold")
"""What the arm does, in this order: to a posture before the grasp; straight to it; close the fingers; straight up;
to the first pose of the demonstration; follow it; stand still."""


@dataclass(frozen=True)
class MotionPlan:
    """M set-points at a fixed rate, from the robot's start posture at rest to rest; F frames of a demonstration.

    The fields are those of `plan.npz`, schema version 1.
    """

    robot: str
    """Name of the robot description."""
    joint_names: tuple[str, ...]
    """(7,)"""
    time: FloatArray
    """(M,) [s], from 0, evenly spaced."""
    q: FloatArray
    """(M, 7) joint positions [rad]."""
    velocity: FloatArray
    """(M, 7) joint velocities [rad/s]."""
    gripper_width: FloatArray
    """(M,) commanded distance of the fingers [m]; while they hold the object it is less than the object's width, so
    that they press with `grip_force`."""
    phase: NDArray[np.int64]
    """(M,) index into `PHASES`."""
    frame_index: NDArray[np.int64]
    """(F,) frames of the video."""
    frame_due: FloatArray
    """(F,) when the object should be in the pose of each frame [s]."""
    T_table_object: FloatArray
    """(F, 4, 4) these poses, as measured in the video, in the robot's base frame."""
    T_table_camera: FloatArray
    """(4, 4) where the camera stands in the robot's base frame."""
    T_table_object_start: FloatArray
    """(4, 4) where the object stands before the motion."""
    T_object_tcp: FloatArray
    """(4, 4) the grasp."""
    grasp_width: float
    """Width of the object between the fingers [m]."""
    grip_force: float
    """Force of each finger on the object [N]."""
    slowdown: float
    """Robot seconds per second of the demonstration."""

    def __post_init__(self) -> None:
        m, f = len(self.time), len(self.frame_index)
        shapes: dict[str, tuple[tuple[int, ...], Any]] = {
            "time": ((m,), np.float64),
            "q": ((m, JOINTS), np.float64),
            "velocity": ((m, JOINTS), np.float64),
            "gripper_width": ((m,), np.float64),
            "phase": ((m,), np.int64),
            "frame_index": ((f,), np.int64),
            "frame_due": ((f,), np.float64),
            "T_table_object": ((f, 4, 4), np.float64),
            "T_table_camera": ((4, 4), np.float64),
            "T_table_object_start": ((4, 4), np.float64),
            "T_object_tcp": ((4, 4), np.float64),
        }
        for name, (shape, dtype) in shapes.items():
            object.__setattr__(self, name, checked(f"MotionPlan.{name}", getattr(self, name), shape, dtype))
        if m < 2 or (np.diff(self.time) <= 0).any():
            raise InputError("the times of the plan do not increase", "at least two increasing times", "plan again")

    @property
    def period(self) -> float:
        """Time between set-points [s]."""
        return float((self.time[-1] - self.time[0]) / (len(self.time) - 1))

    @property
    def close_time(self) -> float:
        """When the fingers begin to close [s]."""
        return float(self.time[np.flatnonzero(self.phase >= PHASES.index("close"))[0]])

    def save(self, path: str | Path) -> None:
        """Writes `plan.npz`."""
        content = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        with atomic_path(path) as partial, open(partial, "wb") as file:
            np.savez_compressed(file, schema=np.asarray(SCHEMA_VERSION), **content)

    @classmethod
    def load(cls, path: str | Path) -> MotionPlan:
        """Reads `plan.npz`.

        Raises:
            InputError: If the file is missing, not a plan, or of another schema.
        """
        todo = "give the plan.npz of a `rhov imitate` result"
        try:
            with np.load(Path(path), allow_pickle=False) as content:
                data: dict[str, Any] = {name: content[name] for name in content.files}
        except FileNotFoundError:
            raise InputError(f"there is no file '{path}'", "a plan.npz", todo) from None
        except Exception as error:  # numpy raises several kinds for damaged archives
            raise InputError(f"'{path}' cannot be read ({error})", "a plan.npz", todo) from error
        schema = int(data.pop("schema", -1))
        missing = [field.name for field in fields(cls) if field.name not in data]
        if schema != SCHEMA_VERSION or missing:
            lacks = f" and lacks {', '.join(missing)}" if missing else ""
            raise InputError(f"'{path}' has schema {schema}{lacks}", f"schema {SCHEMA_VERSION}", todo)
        data["robot"] = str(data["robot"])
        data["joint_names"] = tuple(str(name) for name in data["joint_names"])
        for name in ("grasp_width", "grip_force", "slowdown"):
            data[name] = float(data[name])
        return cls(**{field.name: data[field.name] for field in fields(cls)})

    def save_csv(self, path: str | Path) -> None:
        """Writes `joint_trajectory.csv`: time, 7 positions, 7 velocities, gripper width."""
        header = ["time_s", *(f"{name}_rad" for name in self.joint_names)]
        header += [*(f"{name}_rad_per_s" for name in self.joint_names), "gripper_width_m"]
        with atomic_path(path) as partial, open(partial, "w", encoding="ascii", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for row in zip(self.time, self.q, self.velocity, self.gripper_width, strict=True):
                numbers = [row[0], *row[1], *row[2], row[3]]
                writer.writerow([f"{number:.6f}" for number in numbers])
