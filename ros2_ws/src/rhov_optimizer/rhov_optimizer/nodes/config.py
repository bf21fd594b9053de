"""Settings of the trajectory optimiser's node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.pose import make_transform, rotation_from_quaternion


@dataclass(frozen=True)
class OptimizerNodeConfig:
    """Settings of the node; those of its parts are `TrackerConfig`, `InitialPoseConfig` and `JointConfig`."""

    mesh_file_path: str = setting("", "mesh of the object [m] (.obj, .stl, .ply, .glb)")
    object_name: str = setting("", "name of the object; empty: that of the mesh file")
    hand_model: str = setting("", "MANO_RIGHT.pkl that the hands were estimated with; empty: the free hand model")
    initial_pose: tuple[float, ...] = setting(
        (), "rough pose in the first frame: x, y, z [m], qx, qy, qz, qw in the camera frame; empty: search"
    )
    window: int = setting(30, "a window of the trajectory is published every so many frames", low=2)
    window_lag: int = setting(
        5, "so many of the newest frames wait for the next window, as poses at the end are the worst", low=0
    )
    window_context: int = setting(15, "frames before a window that are smoothed together with it", low=0)
    buffer: int = setting(9000, "frames that are held for the final optimisation", low=2)
    hand_timeout: float = setting(0.5, "how long a frame waits for its hand [s]", low=0.0)
    every_frame: bool = setting(
        False,
        "also take frames that were published before this node found their publisher (files, lockstep); a node that is "
        "started anew then gets the last ones once more",
    )
    segment_timeout: float = setting(2.0, "how long to wait for the service segment_object [s]", low=0.01)
    stall_timeout: float = setting(
        60.0, "without a new frame for so long, the action reconstruct stops waiting for the video's end [s]", low=1.0
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if not self.mesh_file_path:
            raise InputError("no mesh was given", "the path of a mesh file", "set the parameter mesh_file_path")
        if self.initial_pose and (len(self.initial_pose) != 7 or not np.any(self.initial_pose[3:])):
            raise InputError(
                f"initial_pose has {len(self.initial_pose)} numbers",
                "x, y, z, qx, qy, qz, qw with a quaternion that is not zero, or nothing",
                "correct initial_pose",
            )

    def initial_transform(self) -> FloatArray | None:
        """The initial pose (4, 4), None if it is to be searched for."""
        if not self.initial_pose:
            return None
        numbers = np.array(self.initial_pose, np.float64)
        return make_transform(rotation_from_quaternion(numbers[3:]), numbers[:3])
