"""A prior of small acceleration, and of small velocity where nothing else holds the pose."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.pose import log_rotation, skew
from rhov_optimizer.joint.clip_system import ClipSystem


def inverse_left_jacobian(rotation_vector: FloatArray) -> FloatArray:
    """J (N, 3, 3) with `log(exp(d) exp(w)) = w + J d` to first order, of rotation vectors w (N, 3) [rad]."""
    W = skew(rotation_vector)
    angle = np.linalg.norm(rotation_vector, axis=-1)[:, None, None]
    small = angle < 1e-4
    half = np.where(small, 1.0, angle / 2)
    factor = np.where(small, 1.0 / 12.0, (1.0 - half / np.tan(half)) / (4 * half**2))
    return np.eye(3) - 0.5 * W + factor * (W @ W)


class Smoothness:
    """Second differences of the poses, divided by the time steps: accelerations.

    Args:
        stamps: (N,) times of the frames [s].
        unseen: (N,) frames without any measurement: there the velocity is held small too, so that a gap at the
            end of a clip is bridged by standing still and not by flying on.
        velocity_sigma: (6,) standard deviations of the velocities in unseen frames [m/s, rad/s].
    """

    def __init__(self, stamps: FloatArray, unseen: BoolArray, velocity_sigma: FloatArray) -> None:
        self._dt = np.diff(stamps)
        self._bridged = np.flatnonzero(unseen[1:] | unseen[:-1])
        self._velocity_precision = 1.0 / np.square(velocity_sigma)

    def __len__(self) -> int:
        """Number of second differences."""
        return max(0, len(self._dt) - 1)

    def linearise(self, T: FloatArray, variance: FloatArray, system: ClipSystem) -> None:
        """Adds the prior to the system.

        Args:
            T: (N, 4, 4) poses.
            variance: (N - 2, 6) of the accelerations [(m/s^2)^2, (rad/s^2)^2].
            system: Receives it.
        """
        if len(T) < 2:
            return
        velocity, earlier, later = self._velocities(T)
        for i in self._bridged:
            _add(system, (i, i + 1), (earlier[i], later[i]), velocity[i], self._velocity_precision)
        acceleration, jacobians = self._accelerations(velocity, earlier, later)
        for i in range(len(self)):
            _add(system, (i, i + 1, i + 2), jacobians[:, i], acceleration[i], 1.0 / variance[i])

    def expected_squares(self, T: FloatArray, covariances: FloatArray) -> FloatArray:
        """Expected squares (N - 2, 6) of the accelerations, when the poses are known only up to a covariance.

        Args:
            T: (N, 4, 4) the most likely poses.
            covariances: (3, N, 6, 6) entry [gap, i] is that of the frames i and i + gap.
        """
        if not len(self):
            return np.zeros((0, 6))
        acceleration, J = self._accelerations(*self._velocities(T))
        n, out = len(self), np.square(acceleration)
        for a in range(3):
            for b in range(a, 3):
                block = covariances[b - a, a : a + n]
                once = np.einsum("nij,njk,nik->ni", J[a], block, J[b])
                out += once if a == b else 2 * once
        return out

    def _velocities(self, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Velocities (N-1, 6), and their Jacobians (N-1, 6, 6) by the earlier and the later pose."""
        rotation = log_rotation(T[1:, :3, :3] @ np.swapaxes(T[:-1, :3, :3], 1, 2))
        velocity = np.concatenate([T[1:, :3, 3] - T[:-1, :3, 3], rotation], 1) / self._dt[:, None]
        J = inverse_left_jacobian(rotation)
        later = np.zeros((len(rotation), 6, 6))
        earlier = np.zeros_like(later)
        later[:, :3, :3], earlier[:, :3, :3] = np.eye(3), -np.eye(3)
        later[:, 3:, 3:], earlier[:, 3:, 3:] = J, -np.swapaxes(J, 1, 2)
        dt = self._dt[:, None, None]
        return velocity, earlier / dt, later / dt

    def _accelerations(
        self, velocity: FloatArray, earlier: FloatArray, later: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Accelerations (N-2, 6), and their Jacobians (3, N-2, 6, 6) by the three poses."""
        span = ((self._dt[:-1] + self._dt[1:]) / 2)[:, None]
        jacobians = np.stack([-earlier[:-1], earlier[1:] - later[:-1], later[1:]]) / span[:, :, None]
        return np.diff(velocity, axis=0) / span, jacobians


def _add(
    system: ClipSystem, frames: tuple[int, ...], jacobians: object, residual: FloatArray, precision: FloatArray
) -> None:
    """Adds one residual (6,) that depends on several frames."""
    J = np.asarray(jacobians)
    weighted = precision[:, None] * J
    for a, frame in enumerate(frames):
        system.add(frame, J[a].T @ weighted[a], weighted[a].T @ residual)
        for b in range(a + 1, len(frames)):
            system.couple(frame, frames[b], J[a].T @ weighted[b])
