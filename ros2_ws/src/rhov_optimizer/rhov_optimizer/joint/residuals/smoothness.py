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
    """Second differences of the poses, divided by the time steps, under a Huber kernel.

    Args:
        stamps: (N,) times of the frames [s].
        unseen: (N,) frames without any measurement: there the velocity is held small too, so that a gap at the
            end of a clip is bridged by standing still and not by flying on.
        sigma: (6,) standard deviations of the accelerations [m/s^2, rad/s^2].
        velocity_sigma: (6,) standard deviations of the velocities in unseen frames [m/s, rad/s].
    """

    HUBER = 2.0
    """Where the kernel becomes linear, in standard deviations."""

    def __init__(self, stamps: FloatArray, unseen: BoolArray, sigma: FloatArray, velocity_sigma: FloatArray) -> None:
        self._dt = np.diff(stamps)
        self._bridged = unseen[1:] | unseen[:-1]
        self._precision = 1.0 / np.square(sigma)
        self._velocity_precision = 1.0 / np.square(velocity_sigma)

    def _differences(self, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
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

    def linearise(self, T: FloatArray, system: ClipSystem) -> None:
        """Adds the prior at the poses T (N, 4, 4) to the system."""
        if len(T) < 2:
            return
        velocity, earlier, later = self._differences(T)
        for i in np.flatnonzero(self._bridged):
            _add(system, (i, i + 1), (earlier[i], later[i]), velocity[i], self._velocity_precision, np.inf)
        for i in range(1, len(T) - 1):
            span = (self._dt[i - 1] + self._dt[i]) / 2
            residual = (velocity[i] - velocity[i - 1]) / span
            jacobians = (-earlier[i - 1] / span, (earlier[i] - later[i - 1]) / span, later[i] / span)
            _add(system, (i - 1, i, i + 1), jacobians, residual, self._precision, self.HUBER)


def _add(
    system: ClipSystem,
    frames: tuple[int, ...],
    jacobians: tuple[FloatArray, ...],
    residual: FloatArray,
    precision: FloatArray,
    huber: float,
) -> None:
    """Adds one residual (6,) that depends on several frames."""
    size = float(np.sqrt((residual**2 * precision).sum() / len(residual)))
    weight = min(1.0, huber / max(size, 1e-12))
    weighted = [(precision * weight)[:, None] * J for J in jacobians]
    for a, frame in enumerate(frames):
        system.add(frame, jacobians[a].T @ weighted[a], weighted[a].T @ residual)
        for b in range(a + 1, len(frames)):
            system.couple(frame, frames[b], jacobians[a].T @ weighted[b])
