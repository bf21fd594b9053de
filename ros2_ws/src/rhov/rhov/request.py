"""What a user asks `rhov reconstruct` for, checked before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.files import read_json
from rhov_core.pose import is_transform, make_transform, rotation_from_quaternion


@dataclass(frozen=True)
class ReconstructRequest:
    """A video, the object in it, and where it is in the first frame."""

    video: Path
    mesh: Path
    out: Path
    camera_file: Path | None = None
    """ROS camera_info YAML; None: use `focal`."""
    focal: float = 0.0
    """Focal length [pixel]; 0: guess."""
    box: tuple[int, int, int, int] | None = None
    """x, y, width, height around the object in the first frame [pixel]."""
    pose_file: Path | None = None
    """JSON with the object's pose in the first frame, see `load_pose`."""
    start: int = 0
    count: int = 0
    """Number of frames; 0: all."""
    cues: Path | None = None
    """Cues directory that overrides the embedded estimators."""
    repair_mesh: bool = False
    """Whether an open mesh is closed instead of refused."""

    def __post_init__(self) -> None:
        if self.box is None and self.pose_file is None and self.cues is None:
            raise InputError(
                "neither a box nor a pose nor a cues directory was given",
                "one of them, for the first frame that is used",
                "look at that frame and give --box x,y,width,height in pixels",
            )


def load_pose(path: str | Path) -> FloatArray:
    """Reads a pose (4, 4) of the object in the camera frame.

    The file holds either `{"T_camera_object": [[...], ...]}` or
    `{"translation": [x, y, z], "quaternion": [x, y, z, w]}`, in metres.

    Raises:
        InputError: If the file is missing or holds no rigid transform.
    """
    content = read_json(path)
    accepted = '{"T_camera_object": 4x4} or {"translation": [x, y, z], "quaternion": [x, y, z, w]} in metres'
    if not isinstance(content, Mapping):
        raise InputError(f"'{path}' holds no object", accepted, "write it in this form")
    if "T_camera_object" in content:
        T = checked("T_camera_object", content["T_camera_object"], (4, 4))
    elif {"translation", "quaternion"} <= set(content):
        quaternion = checked("quaternion", content["quaternion"], (4,))
        if not np.linalg.norm(quaternion) > 1e-6:
            raise InputError("the quaternion has the length 0", accepted, "give a unit quaternion x, y, z, w")
        T = make_transform(rotation_from_quaternion(quaternion), checked("translation", content["translation"], (3,)))
    else:
        raise InputError(f"'{path}' has the entries {', '.join(map(str, content))}", accepted, "write it in this form")
    if not is_transform(T, 1e-4) or T[2, 3] <= 0:
        raise InputError(f"the pose in '{path}' is not a rigid transform in front of the camera", accepted, "check it")
    return T
