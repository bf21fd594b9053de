"""Compiled loops of the kinematics: one posture after the other, without arrays in between."""

from __future__ import annotations

import numpy as np
from numba import njit

from rhov_core.arrays import FloatArray

_JOINTS = 7
_NEAR_IDENTITY = 1e-8
"""Below this sine of half the angle the rotation vector is twice the quaternion's vector."""
_MET = 1e-5
"""Errors below this are not reduced any further [m], [rad]."""
_LONGEST = 0.3
"""Largest step of a joint [rad]."""


@njit(cache=True)
def chain(
    q: FloatArray,
    offset: FloatArray,
    turn: FloatArray,
    tcp: FloatArray,
    position: FloatArray,
    rotation: FloatArray,
    origins: FloatArray,
    axes: FloatArray,
) -> None:
    """Writes where the tool is (3,), (3, 3) and the origins and axes (7, 3) of the joints, for a posture (7,) [rad].

    Args:
        q: The posture.
        offset: (8, 3) from each link to the next [m].
        turn: (8, 3, 3) rotation of each link in the one before, at 0.
        tcp: (3,) tool centre point in the last one [m].
        position: Written.
        rotation: Written.
        origins: Written.
        axes: Written.
    """
    turned = np.empty((3, 3))
    position[:] = 0.0
    rotation[:] = 0.0
    for r in range(3):
        rotation[r, r] = 1.0
    for i in range(_JOINTS + 1):
        for r in range(3):
            for k in range(3):
                position[r] += rotation[r, k] * offset[i, k]
        for r in range(3):
            for c in range(3):
                turned[r, c] = (
                    rotation[r, 0] * turn[i, 0, c] + rotation[r, 1] * turn[i, 1, c] + rotation[r, 2] * turn[i, 2, c]
                )
        if i == _JOINTS:
            rotation[:] = turned
            break
        cos, sin = np.cos(q[i]), np.sin(q[i])
        for r in range(3):
            rotation[r, 0] = turned[r, 0] * cos + turned[r, 1] * sin
            rotation[r, 1] = turned[r, 1] * cos - turned[r, 0] * sin
            rotation[r, 2] = turned[r, 2]
            origins[i, r], axes[i, r] = position[r], turned[r, 2]
    for r in range(3):
        for k in range(3):
            position[r] += rotation[r, k] * tcp[k]


@njit(cache=True)
def chains(
    q: FloatArray, offset: FloatArray, turn: FloatArray, tcp: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """`chain` for postures (N, 7): positions (N, 3), rotations (N, 3, 3), origins and axes (N, 7, 3)."""
    n = len(q)
    position, rotation = np.empty((n, 3)), np.empty((n, 3, 3))
    origins, axes = np.empty((n, _JOINTS, 3)), np.empty((n, _JOINTS, 3))
    for i in range(n):
        chain(q[i], offset, turn, tcp, position[i], rotation[i], origins[i], axes[i])
    return position, rotation, origins, axes


@njit(cache=True)
def solve_all(
    target: FloatArray,
    q: FloatArray,
    rest: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    offset: FloatArray,
    turn: FloatArray,
    tcp: FloatArray,
    iterations: int,
    damping: tuple[float, float],
    drift: float,
) -> FloatArray:
    """Damped least squares for each posture; see `Kinematics.inverse`.

    Args:
        target: (N, 4, 4) poses T_base_tcp.
        q: (N, 7) where to start [rad]; overwritten with the solution.
        rest: (N, 7) to where the elbow is drawn [rad].
        lower: (7,) limit [rad].
        upper: (7,) limit [rad].
        offset: As for `chain`.
        turn: As for `chain`.
        tcp: As for `chain`.
        iterations: Largest number of steps.
        damping: Constant, and times the squared error.
        drift: Part of the way to `rest` that is gone in the first step.

    Returns:
        (N, 6) what is left of the errors [m, rad].
    """
    errors = np.empty((len(q), 6))
    position, rotation = np.empty(3), np.empty((3, 3))
    origins, axes = np.empty((_JOINTS, 3)), np.empty((_JOINTS, 3))
    jacobian, pull, step = np.empty((6, _JOINTS)), np.empty(_JOINTS), np.empty(_JOINTS)
    for i in range(len(q)):
        for count in range(iterations + 1):
            chain(q[i], offset, turn, tcp, position, rotation, origins, axes)
            _difference(target[i], position, rotation, errors[i])
            if count == iterations or np.abs(errors[i]).max() <= _MET:
                break
            _fill_jacobian(position, origins, axes, jacobian)
            for j in range(_JOINTS):
                pull[j] = drift * (1 - count / iterations) * (rest[i, j] - q[i, j])
            _step(jacobian, errors[i], pull, damping, step)
            shrink = min(1.0, _LONGEST / max(np.abs(step).max(), 1e-9))
            for j in range(_JOINTS):
                q[i, j] = min(max(q[i, j] + shrink * step[j], lower[j]), upper[j])
    return errors


@njit(cache=True)
def _fill_jacobian(position: FloatArray, origins: FloatArray, axes: FloatArray, jacobian: FloatArray) -> None:
    for j in range(_JOINTS):
        x, y, z = position[0] - origins[j, 0], position[1] - origins[j, 1], position[2] - origins[j, 2]
        a, b, c = axes[j, 0], axes[j, 1], axes[j, 2]
        jacobian[0, j], jacobian[1, j], jacobian[2, j] = b * z - c * y, c * x - a * z, a * y - b * x
        jacobian[3, j], jacobian[4, j], jacobian[5, j] = a, b, c


@njit(cache=True)
def _step(
    jacobian: FloatArray, error: FloatArray, pull: FloatArray, damping: tuple[float, float], step: FloatArray
) -> None:
    """Writes the step (7,) that reduces an error (6,), with `pull` (7,) where the error does not mind."""
    squared = 0.0
    for r in range(6):
        squared += error[r] ** 2
    lower, weights = np.empty((6, 6)), np.empty(6)
    for r in range(6):  # Cholesky factor of J J' + damping, and the forward substitution with it
        left = error[r]
        for j in range(_JOINTS):
            left -= jacobian[r, j] * pull[j]
        for c in range(r + 1):
            value = 0.0
            for j in range(_JOINTS):
                value += jacobian[r, j] * jacobian[c, j]
            if r == c:
                value += damping[0] + damping[1] * min(squared, 1.0)
            for k in range(c):
                value -= lower[r, k] * lower[c, k]
            if r == c:
                lower[r, r] = np.sqrt(value)
            else:
                lower[r, c] = value / lower[c, c]
                left -= lower[r, c] * weights[c]
        weights[r] = left / lower[r, r]
    for r in range(5, -1, -1):
        for k in range(r + 1, 6):
            weights[r] -= lower[k, r] * weights[k]
        weights[r] /= lower[r, r]
    for j in range(_JOINTS):
        step[j] = pull[j]
        for r in range(6):
            step[j] += jacobian[r, j] * weights[r]


@njit(cache=True)
def _difference(target: FloatArray, position: FloatArray, rotation: FloatArray, out: FloatArray) -> None:
    """Writes the tangent (6,) from a pose to a target (4, 4), as `rhov_core.pose.difference`."""
    R = np.empty((3, 3))
    for r in range(3):
        for c in range(3):
            R[r, c] = target[r, 0] * rotation[c, 0] + target[r, 1] * rotation[c, 1] + target[r, 2] * rotation[c, 2]
    # the largest of the quaternion's four numbers first: then no division is by little
    q = np.empty(4)
    diagonal = np.array([R[0, 0], R[1, 1], R[2, 2], R[0, 0] + R[1, 1] + R[2, 2]])
    i = int(diagonal.argmax())
    if i == 3:
        q[0], q[1], q[2] = R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
        q[3] = 1 + diagonal[3]
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        q[i] = 1 + 2 * R[i, i] - diagonal[3]
        q[j], q[k], q[3] = R[j, i] + R[i, j], R[k, i] + R[i, k], R[k, j] - R[j, k]
    q /= np.sqrt((q**2).sum())
    if q[3] < 0:
        q = -q
    sine = np.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2)
    scale = 2.0 if sine < _NEAR_IDENTITY else 2 * np.arctan2(sine, q[3]) / sine
    for r in range(3):
        out[r], out[3 + r] = target[r, 3] - position[r], scale * q[r]
