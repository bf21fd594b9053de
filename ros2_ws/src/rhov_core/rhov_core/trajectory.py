"""The result: a hand and an object over the frames of a clip, and its file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.files import atomic_path
from rhov_core.pose import is_transform

SCHEMA_VERSION = 1


class ObjectState(IntEnum):
    """Verdict of the tracker on one frame."""

    LOST = 0
    TRACKED = 1
    REINITIALISED = 2


@dataclass(frozen=True)
class HandObjectTrajectory:
    """N frames of a hand and an object in the camera's optical frame (x right, y down, z forward).

    The fields are those of `trajectory.npz`, schema version 1.
    """

    frame_index: NDArray[np.int64]
    """(N,) indices of the source frames, strictly increasing."""
    stamp: FloatArray
    """(N,) times of the source frames [s], strictly increasing."""
    K: FloatArray
    """(3, 3) intrinsic matrix [pixel]."""
    image_size: NDArray[np.int64]
    """(2,) width, height [pixel]."""
    object_name: str
    T_camera_object: FloatArray
    """(N, 4, 4); a mesh vertex v maps to R (object_scale v) + t [m]."""
    object_scale: float
    object_covariance: FloatArray
    """(N, 6, 6) for a left perturbation [translation m, rotation rad]."""
    object_state: NDArray[np.int64]
    """(N,) values of `ObjectState`."""
    hand_side: str
    """"right" or "left"."""
    hand_pose: FloatArray
    """(N, 48) axis-angle [rad], MANO joint order, global orientation first."""
    hand_shape: FloatArray
    """(10,)"""
    hand_translation: FloatArray
    """(N, 3) camera frame [m]."""
    hand_joints: FloatArray
    """(N, 21, 3) camera frame [m], order of MediaPipe's landmarks."""
    hand_valid: NDArray[np.bool_]
    """(N,) False where no hand was estimated; its numbers are then bridged or zero."""
    hand_model: str
    """Name of the hand model that the parameters belong to."""

    def __post_init__(self) -> None:
        n = len(np.atleast_1d(self.frame_index))
        shapes: dict[str, tuple[tuple[int | None, ...], Any]] = {
            "frame_index": ((n,), np.int64),
            "stamp": ((n,), np.float64),
            "K": ((3, 3), np.float64),
            "image_size": ((2,), np.int64),
            "T_camera_object": ((n, 4, 4), np.float64),
            "object_covariance": ((n, 6, 6), np.float64),
            "object_state": ((n,), np.int64),
            "hand_pose": ((n, 48), np.float64),
            "hand_shape": ((10,), np.float64),
            "hand_translation": ((n, 3), np.float64),
            "hand_joints": ((n, 21, 3), np.float64),
            "hand_valid": ((n,), np.bool_),
        }
        for name, (shape, dtype) in shapes.items():
            value = checked(f"HandObjectTrajectory.{name}", getattr(self, name), shape, dtype)
            object.__setattr__(self, name, value)
        for name in ("frame_index", "stamp"):
            if (np.diff(getattr(self, name)) <= 0).any():
                raise InputError(f"{name} does not increase strictly", "one entry for each frame, in order", "sort it")
        if not np.isin(self.object_state, list(ObjectState)).all():
            raise InputError(
                "object_state holds an unknown verdict", "0 lost, 1 tracked, 2 re-initialised", "correct it"
            )
        if self.hand_side not in ("right", "left"):
            raise InputError(f"hand_side is '{self.hand_side}'", "right or left", "correct it")
        if not is_transform(self.T_camera_object):
            raise InputError(
                "T_camera_object holds a matrix that is not a rigid transform",
                "rotations with determinant 1 and a last row of 0 0 0 1",
                "normalise the rotations",
            )
        if not (np.isfinite(self.object_scale) and self.object_scale > 0):
            raise InputError(f"object_scale is {self.object_scale}", "a positive number", "use 1 for a metric mesh")

    @classmethod
    def without_hand(
        cls,
        object_name: str,
        stamp: FloatArray,
        T_camera_object: FloatArray,
        K: FloatArray,
        image_size: tuple[int, int],
        covariance: FloatArray,
    ) -> HandObjectTrajectory:
        """A metric object tracked in every frame, and no hand: what an imitation needs.

        Args:
            object_name: Name of the object.
            stamp: (N,) [s].
            T_camera_object: (N, 4, 4).
            K: (3, 3) [pixel].
            image_size: Width, height [pixel].
            covariance: (6, 6) of every frame, or (N, 6, 6).
        """
        n = len(stamp)
        return cls(
            frame_index=np.arange(n),
            stamp=stamp,
            K=K,
            image_size=np.asarray(image_size),
            object_name=object_name,
            T_camera_object=T_camera_object,
            object_scale=1.0,
            object_covariance=np.broadcast_to(covariance, (n, 6, 6)).copy(),
            object_state=np.full(n, ObjectState.TRACKED),
            hand_side="right",
            hand_pose=np.zeros((n, 48)),
            hand_shape=np.zeros(10),
            hand_translation=np.zeros((n, 3)),
            hand_joints=np.zeros((n, 21, 3)),
            hand_valid=np.zeros(n, bool),
            hand_model="none",
        )

    def __len__(self) -> int:
        return len(self.frame_index)

    @property
    def frames_lost(self) -> int:
        """Number of frames in which the object was not tracked."""
        return int((self.object_state == ObjectState.LOST).sum())

    def save(self, path: str | Path) -> None:
        """Writes `trajectory.npz`; the file appears under its name only when it is complete.

        Raises:
            InputError: If the folder cannot be written.
        """
        content = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        with atomic_path(path) as partial, open(partial, "wb") as file:
            np.savez_compressed(file, schema=np.asarray(SCHEMA_VERSION), **content)

    @classmethod
    def load(cls, path: str | Path) -> HandObjectTrajectory:
        """Reads `trajectory.npz`.

        Raises:
            InputError: If the file is missing, not a trajectory, or of a newer schema.
        """
        todo = "give the trajectory.npz of a `rhov reconstruct` result"
        try:
            with np.load(Path(path), allow_pickle=False) as content:
                data = {name: content[name] for name in content.files}
        except FileNotFoundError:
            raise InputError(f"there is no file '{path}'", "a trajectory.npz", todo) from None
        except Exception as error:  # numpy raises several kinds for damaged archives
            raise InputError(f"'{path}' cannot be read ({error})", "a trajectory.npz", todo) from error
        schema = data.pop("schema", None)
        missing = [f.name for f in fields(cls) if f.name not in data]
        if schema is None or schema.shape != () or schema != SCHEMA_VERSION or missing:
            lacks = f" and lacks {', '.join(missing)}" if missing else ""
            raise InputError(f"'{path}' has schema {schema}{lacks}", f"schema {SCHEMA_VERSION}", todo)
        for name in ("object_name", "hand_side", "hand_model"):
            data[name] = str(data[name])
        data["object_scale"] = float(checked("object_scale", data["object_scale"], ()))
        return cls(**{f.name: data[f.name] for f in fields(cls)})
