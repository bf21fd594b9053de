"""Levenberg-Marquardt for one hand: compiled, a fraction of a millisecond a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from rhov_core.arrays import FloatArray
from rhov_perception.hand.skeleton import Skeleton, pose_keypoints


class HandState(NamedTuple):
    """The 28 numbers of a hand."""

    rotation: FloatArray
    """(3, 3) of the wrist in the camera frame."""
    translation: FloatArray
    """(3,) the wrist's position in the camera frame [m]."""
    angles: FloatArray
    """(22,) [rad], see `skeleton.ANGLES`."""


class Observation(NamedTuple):
    """What the detector says, in the form in which residuals compare it."""

    rays: FloatArray
    """(21, 2) viewing rays x/z, y/z of the keypoints."""
    focal: float
    """[pixel], turns differences of rays into pixels."""
    pixel_sigma: float
    """Expected error of a keypoint [pixel]."""
    direction: FloatArray
    """(3,) unit vector to the hand."""
    depths: FloatArray
    """(21,) along that direction, relative to their mean [m]."""
    depth_sigma: float
    """Expected error of a relative depth [m]."""
    limit_sigma: float
    """How sharply joint limits act [rad]."""


class Expectation(NamedTuple):
    """What the previous frame says; its standard deviations are infinite where there is none."""

    state: HandState
    translation_sigma: float
    """[m]"""
    rotation_sigma: float
    """[rad]"""
    angle_sigma: float
    """[rad]"""


class Solution(NamedTuple):
    """A local minimum."""

    state: HandState
    cost: float
    """Half the sum of squared normalised residuals, robust."""
    hessian: FloatArray
    """(28, 28) Gauss-Newton Hessian: translation [m], rotation [rad], angles [rad]."""


_ROBUST = 2.0
"""Residuals beyond this many standard deviations count less and less (Cauchy)."""


@njit(cache=True)
def _cauchy(squared: float) -> tuple[float, float]:
    """Cost and weight of a squared normalised residual."""
    c2 = _ROBUST * _ROBUST
    return 0.5 * c2 * np.log1p(squared / c2), 1.0 / (1.0 + squared / c2)


@njit(cache=True)
def _log_rotation(R: FloatArray) -> FloatArray:
    v = 0.5 * np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    sine = np.sqrt(v @ v)
    if sine < 1e-9:
        return v
    return v * (np.arctan2(sine, 0.5 * (R[0, 0] + R[1, 1] + R[2, 2] - 1)) / sine)


@njit(cache=True)
def _exp_rotation(w: FloatArray) -> FloatArray:
    angle = np.sqrt(w @ w) + 1e-12
    K = np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])
    return np.eye(3) + np.sin(angle) / angle * K + (1 - np.cos(angle)) / (angle * angle) * (K @ K)


@njit(cache=True)
def _add_observation(
    points: FloatArray, jacobian: FloatArray, seen: Observation, H: FloatArray, g: FloatArray
) -> float:
    """Adds reprojection and relative depth to the normal equations; returns their cost."""
    cost = 0.0
    mean_depth, mean_row = 0.0, np.zeros(len(g))
    for k in range(21):
        mean_depth += points[k] @ seen.direction / 21
        for a in range(3):
            mean_row += seen.direction[a] / 21 * jacobian[k, a]
    pixel = seen.focal / seen.pixel_sigma
    for k in range(21):
        x, y, z = points[k]
        z = max(z, 1e-3)
        u, v = pixel * (x / z - seen.rays[k, 0]), pixel * (y / z - seen.rays[k, 1])
        ru = pixel / z * (jacobian[k, 0] - x / z * jacobian[k, 2])
        rv = pixel / z * (jacobian[k, 1] - y / z * jacobian[k, 2])
        c, w = _cauchy(u * u + v * v)
        cost += c
        H += w * (np.outer(ru, ru) + np.outer(rv, rv))
        g += w * (u * ru + v * rv)
        d = (points[k] @ seen.direction - mean_depth - seen.depths[k]) / seen.depth_sigma
        rd = -mean_row / seen.depth_sigma
        for a in range(3):
            rd += seen.direction[a] / seen.depth_sigma * jacobian[k, a]
        c, w = _cauchy(d * d)
        cost += c
        H += w * np.outer(rd, rd)
        g += w * d * rd
    return cost


@njit(cache=True)
def _add_priors(
    state: HandState, skeleton: Skeleton, before: Expectation, limit_sigma: float, H: FloatArray, g: FloatArray
) -> float:
    """Adds relaxed hand, joint limits and the previous frame to the normal equations; returns their cost."""
    delta = state.angles - skeleton.relaxed
    pull = skeleton.prior @ delta
    cost = 0.5 * float(delta @ pull)
    H[6:, 6:] += skeleton.prior
    g[6:] += pull
    for i in range(len(state.angles)):
        beyond = max(state.angles[i] - skeleton.upper[i], 0.0) + min(state.angles[i] - skeleton.lower[i], 0.0)
        if beyond != 0.0:
            cost += 0.5 * (beyond / limit_sigma) ** 2
            H[6 + i, 6 + i] += 1 / limit_sigma**2
            g[6 + i] += beyond / limit_sigma**2
    change = np.zeros(len(g))
    change[:3] = state.translation - before.state.translation
    change[3:6] = _log_rotation(state.rotation @ before.state.rotation.T)
    change[6:] = state.angles - before.state.angles
    for i in range(len(g)):
        sigma = before.translation_sigma if i < 3 else before.rotation_sigma if i < 6 else before.angle_sigma
        cost += 0.5 * (change[i] / sigma) ** 2
        H[i, i] += 1 / sigma**2
        g[i] += change[i] / sigma**2
    return cost


@njit(cache=True)
def _linearise(
    state: HandState, skeleton: Skeleton, seen: Observation, before: Expectation
) -> tuple[float, FloatArray, FloatArray]:
    """Cost, Gauss-Newton Hessian (28, 28) and gradient (28,) at a state."""
    points, jacobian = pose_keypoints(state.rotation, state.translation, state.angles, skeleton)
    size = 6 + len(state.angles)
    H, g = np.zeros((size, size)), np.zeros(size)
    cost = _add_observation(points, jacobian, seen, H, g)
    cost += _add_priors(state, skeleton, before, seen.limit_sigma, H, g)
    return cost, H, g


@njit(cache=True)
def solve(start: HandState, skeleton: Skeleton, seen: Observation, before: Expectation, iterations: int) -> Solution:
    """The minimum next to `start`, after at most `iterations` accepted or rejected steps."""
    state = start
    cost, H, g = _linearise(state, skeleton, seen, before)
    damping = 1e-3
    for _ in range(iterations):
        A = H.copy()
        for i in range(len(g)):
            A[i, i] += damping * H[i, i] + 1e-9
        step = -np.linalg.solve(A, g)
        turn = np.sqrt(step[3:6] @ step[3:6])
        if turn > 0.5:
            step *= 0.5 / turn
        tried = HandState(
            _exp_rotation(step[3:6]) @ state.rotation, state.translation + step[:3], state.angles + step[6:]
        )
        tried_cost, tried_H, tried_g = _linearise(tried, skeleton, seen, before)
        if tried_cost < cost:
            gain = cost - tried_cost
            state, cost, H, g = tried, tried_cost, tried_H, tried_g
            damping = max(damping * 0.2, 1e-6)
            if gain < 1e-4 * cost:
                break
        else:
            damping *= 8.0
            if damping > 1e6:
                break
    return Solution(state, cost, H)
