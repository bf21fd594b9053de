"""Which way is up in the camera's frame."""

from __future__ import annotations

import numpy as np

from franka_imitation.resting import RestingPose
from franka_imitation.shape import ConvexShape
from rhov_core.arrays import FloatArray
from rhov_core.pose import difference, inverse, transform_points
from rhov_core.trajectory import HandObjectTrajectory

_REST_TIME = 0.5
"""An object that does not move for this long at the start stands on something [s]."""
_STILL = (0.004, 0.03)
"""Motion that counts as none [m], [rad]."""
_HAND_AWAY = 0.03
"""A hand farther than this from the object does not hold it [m]."""
_MAX_ROLL = np.deg2rad(10.0)
_MAX_PITCH = np.deg2rad(80.0)


def up_of_pitch(pitch: float) -> FloatArray:
    """(3,) direction against gravity for a camera without roll that looks down by an angle [rad]."""
    return np.array([0.0, -np.cos(pitch), -np.sin(pitch)])


def find_up(
    trajectory: HandObjectTrajectory, shape: ConvexShape, resting: list[RestingPose], pitch: float
) -> tuple[FloatArray, str]:
    """Direction against gravity in the camera's frame, and how it was found.

    If the object does not move at the start and the hand is first seen away from it, it stands on one of its
    faces, and that face's normal is the vertical (where it fits a camera without much roll). Otherwise the camera is
    taken to have no roll and the given pitch.

    Args:
        trajectory: The reconstruction.
        shape: The object, scaled as in the trajectory.
        resting: Its resting poses.
        pitch: Assumed downward tilt of the camera [rad].
    """
    assumed = up_of_pitch(pitch)
    still = _stands_alone(trajectory, shape)
    if not still:
        return assumed, "assumed camera pitch"
    ups = np.array([trajectory.T_camera_object[0, :3, :3] @ pose.up_in_object for pose in resting])
    roll = np.abs(np.arcsin(np.clip(ups[:, 0], -1, 1)))
    pitches = np.arctan2(-ups[:, 2], -ups[:, 1])
    possible = (roll < _MAX_ROLL) & (pitches > -_MAX_ROLL) & (pitches < _MAX_PITCH)
    if not possible.any():
        return assumed, "assumed camera pitch"
    best = np.argmin(np.where(possible, roll + 0.3 * np.abs(pitches - pitch), np.inf))
    return ups[best], "resting object"


def _stands_alone(trajectory: HandObjectTrajectory, shape: ConvexShape) -> bool:
    """Whether the object rests at the start and the hand is not yet at it."""
    start = trajectory.stamp - trajectory.stamp[0] <= _REST_TIME
    if start.all() or not start[1:].any():
        return False
    poses = trajectory.T_camera_object[start]
    moved = difference(poses, poses[:1])
    if np.linalg.norm(moved[:, :3], axis=1).max() > _STILL[0] or np.linalg.norm(moved[:, 3:], axis=1).max() > _STILL[1]:
        return False
    seen = np.flatnonzero(trajectory.hand_valid)
    if not len(seen):
        return False
    seen = np.union1d(seen[start[seen]], seen[:1])  # a hand that comes later must be seen coming
    joints = transform_points(inverse(trajectory.T_camera_object[seen]), trajectory.hand_joints[seen])
    return bool(shape.distance_bound(joints.reshape(-1, 3)).min() > _HAND_AWAY)


def level(up_in_camera: FloatArray) -> FloatArray:
    """(3, 3) rotation from the camera to a level frame: z up, x where the camera looks."""
    z = up_in_camera / np.linalg.norm(up_in_camera)
    forward = np.array([0.0, 0.0, 1.0]) if abs(z[2]) < 0.95 else np.array([0.0, -1.0, 0.0])
    level_forward: FloatArray = forward - (forward @ z) * z
    x = level_forward / np.linalg.norm(level_forward)
    return np.stack([x, np.cross(z, x), z])
