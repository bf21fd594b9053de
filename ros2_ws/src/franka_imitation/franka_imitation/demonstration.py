"""What the robot is to repeat: the object's motion, freed of jitter and of frames in which it was lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags, identity
from scipy.sparse.linalg import spsolve

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError, PlanningError
from rhov_core.pose import difference, make_transform, quaternion_from_rotation, rotation_from_quaternion
from rhov_core.trajectory import HandObjectTrajectory, ObjectState

_LOST_WEIGHT = 1e-3
"""Of a bridged frame, relative to a tracked one of median uncertainty."""


@dataclass(frozen=True)
class Demonstration:
    """F poses of the object in the camera's frame, as measured and as the robot is asked to follow them."""

    time: FloatArray
    """(F,) [s], from 0."""
    frame_index: NDArray[np.int64]
    """(F,) indices in the video."""
    measured: FloatArray
    """(F, 4, 4) T_camera_object of the reconstruction; where the object was lost, the smooth pose."""
    smooth: FloatArray
    """(F, 4, 4) T_camera_object after the low-pass."""

    @property
    def position_deviation(self) -> float:
        """Largest distance between the measured and the smooth pose [m]."""
        return float(np.linalg.norm(difference(self.smooth, self.measured)[:, :3], axis=1).max())

    @property
    def rotation_deviation(self) -> float:
        """Largest angle between the measured and the smooth pose [rad]."""
        return float(np.linalg.norm(difference(self.smooth, self.measured)[:, 3:], axis=1).max())


def prepare(trajectory: HandObjectTrajectory, cutoff: float, max_gap: float) -> Demonstration:
    """Smooths a reconstruction for a robot.

    Args:
        trajectory: What was seen.
        cutoff: Frequency at which motions are halved [Hz]; the filter has no delay.
        max_gap: Longest time in which the object may have been lost [s].

    Returns:
        The demonstration.

    Raises:
        InputError: If there are fewer than four frames.
        PlanningError: If the object was lost for longer than `max_gap`.
    """
    if len(trajectory) < 4:
        raise InputError(f"the trajectory has {len(trajectory)} frames", "at least 4 frames", "reconstruct more frames")
    _refuse_gaps(trajectory, max_gap)
    time = (trajectory.stamp - trajectory.stamp[0]).round(6)  # a message holds whole nanoseconds
    weights = _weights(trajectory)
    T = trajectory.T_camera_object
    position = smoothed(time, T[:, :3, 3], weights[:, 0], cutoff)
    quaternion = quaternion_from_rotation(T[:, :3, :3])
    flips = np.where((quaternion[1:] * quaternion[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    quaternion[1:] *= np.cumprod(flips)[:, None]
    rotation = rotation_from_quaternion(smoothed(time, quaternion, weights[:, 1], cutoff))
    smooth = make_transform(rotation, position)
    lost = trajectory.object_state == ObjectState.LOST
    return Demonstration(time, trajectory.frame_index, np.where(lost[:, None, None], smooth, T), smooth)


def smoothed(time: FloatArray, values: FloatArray, weights: FloatArray, cutoff: float) -> FloatArray:
    """Values freed of what is faster than a cutoff, by least squares with a penalty on their jerk.

    Its response to a frequency f is 1 / (1 + (f / cutoff)^6) for weights of 1, without delay; values of small weight
    are bridged with as little jerk as possible (Whittaker's smoother with third differences).

    Args:
        time: (F,) [s], increasing.
        values: (F, C).
        weights: (F,) positive.
        cutoff: [Hz].

    Returns:
        (F, C)
    """
    n = len(time)
    operator = identity(n, format="csc")
    knots = time
    for _ in range(3):
        step = np.diff(knots)
        m = len(step)
        operator = diags([-1 / step, 1 / step], [0, 1], shape=(m, m + 1)) @ operator
        knots = (knots[1:] + knots[:-1]) / 2
    penalty = (2 * np.pi * cutoff) ** -6 * (operator.T @ operator)
    return spsolve((diags(weights) + penalty).tocsc(), weights[:, None] * values).reshape(values.shape)


def _weights(trajectory: HandObjectTrajectory) -> FloatArray:
    """(F, 2) weights of position and rotation, 1 for the median uncertainty of the tracked frames and above."""
    variance = np.diagonal(trajectory.object_covariance, axis1=1, axis2=2).reshape(-1, 2, 3).mean(axis=2)
    lost = trajectory.object_state == ObjectState.LOST
    tracked = variance[~lost] if (~lost).any() else variance
    reference = np.maximum(np.median(tracked, axis=0), 1e-12)
    weights = np.clip(reference / np.maximum(variance, 1e-12), _LOST_WEIGHT, 1.0)
    weights[lost] = np.minimum(weights[lost], _LOST_WEIGHT)
    return weights


def _refuse_gaps(trajectory: HandObjectTrajectory, max_gap: float) -> None:
    lost = trajectory.object_state == ObjectState.LOST
    edges = np.flatnonzero(np.diff(np.r_[False, lost, False].astype(int)))
    for first, end in edges.reshape(-1, 2):
        before, after = max(first - 1, 0), min(end, len(lost) - 1)
        duration = float(trajectory.stamp[after] - trajectory.stamp[before])
        if duration > max_gap:
            frames = f"{trajectory.frame_index[first]} to {trajectory.frame_index[end - 1]}"
            raise PlanningError(
                f"The object was lost in frames {frames}, for {duration:.2f} s; at most {max_gap:g} s can be bridged: "
                "imitate the part before or after it, reconstruct again, or raise max_gap."
            )
