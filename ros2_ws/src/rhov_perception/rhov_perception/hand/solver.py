"""Levenberg-Marquardt for one hand."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
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
    keypoint_sigma: FloatArray
    """(21,) expected error of each keypoint [pixel]."""
    direction: FloatArray
    """(3,) unit vector to the hand."""
    depths: FloatArray
    """(21,) along that direction, relative to their mean [m]."""
    depth_sigma: FloatArray
    """(21,) expected error of each relative depth [m]."""
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


ROBUST2 = 4.0
"""Residuals whose square in standard deviations is beyond this count less and less (Cauchy)."""
_LONGEST_TURN = 0.5
"""Of the wrist in one step [rad]."""


@njit(cache=True)
def _add_row(row, residual, weight, H, g):  # type: ignore[no-untyped-def]
    """Adds one weighted residual with its derivative to the upper half of the normal equations."""
    for i in range(len(row)):
        if row[i] != 0.0:
            g[i] += weight * residual * row[i]
            for j in range(i, len(row)):
                H[i, j] += weight * row[i] * row[j]


@njit(cache=True)
def _add_observation(points, jacobian, rays, pixel, direction, depths, depth_sigma, H, g):  # type: ignore[no-untyped-def]
    """Adds reprojection and relative depth to the normal equations (upper half); returns their robust cost.

    A loop over numbers: array expressions take ten times as long to compile.
    """
    size, cost, mean_depth = len(g), 0.0, 0.0
    first, second, depth_rows = np.empty(size), np.empty(size), np.zeros((22, size))  # the last row is the mean
    for k in range(21):
        for a in range(3):
            mean_depth += points[k, a] * direction[a] / 21
            for i in range(size):
                along = direction[a] * jacobian[k, a, i]
                depth_rows[k, i] += along
                depth_rows[21, i] += along / 21
    for k in range(21):
        z = max(points[k, 2], 1e-3)
        x, y = points[k, 0] / z, points[k, 1] / z
        u, v = pixel[k] * (x - rays[k, 0]), pixel[k] * (y - rays[k, 1])
        d = -mean_depth - depths[k]
        for a in range(3):
            d += points[k, a] * direction[a]
        d /= depth_sigma[k]
        weight = 1.0 / (1.0 + (u * u + v * v) / ROBUST2)
        cost += 0.5 * ROBUST2 * (math.log1p((u * u + v * v) / ROBUST2) + math.log1p(d * d / ROBUST2))
        for i in range(size):
            first[i] = pixel[k] / z * (jacobian[k, 0, i] - x * jacobian[k, 2, i])
            second[i] = pixel[k] / z * (jacobian[k, 1, i] - y * jacobian[k, 2, i])
        _add_row(first, u, weight, H, g)
        _add_row(second, v, weight, H, g)
        for i in range(size):
            first[i] = (depth_rows[k, i] - depth_rows[21, i]) / depth_sigma[k]
        _add_row(first, d, 1.0 / (1.0 + d * d / ROBUST2), H, g)
    return cost


def _add_priors(
    state: HandState, skeleton: Skeleton, before: Expectation, limit_sigma: float, H: FloatArray, g: FloatArray
) -> float:
    """Adds relaxed hand, joint limits and the previous frame to the normal equations; returns their cost."""
    delta = state.angles - skeleton.relaxed
    pull = skeleton.prior @ delta
    H[6:, 6:] += skeleton.prior
    g[6:] += pull
    beyond = np.maximum(state.angles - skeleton.upper, 0) + np.minimum(state.angles - skeleton.lower, 0)
    beyond /= limit_sigma
    diagonal = np.concatenate([np.zeros(6), (beyond != 0) / limit_sigma**2])
    g[6:] += beyond / limit_sigma
    turn = cv2.Rodrigues(state.rotation @ before.state.rotation.T)[0].ravel()
    change = np.concatenate([state.translation - before.state.translation, turn, state.angles - before.state.angles])
    sigma = np.repeat([before.translation_sigma, before.rotation_sigma, before.angle_sigma], [3, 3, len(state.angles)])
    g += change / sigma**2
    H[np.diag_indices(len(g))] += diagonal + 1 / sigma**2
    return float(0.5 * (delta @ pull + beyond @ beyond + ((change / sigma) ** 2).sum()))


def linearise(
    state: HandState, skeleton: Skeleton, seen: Observation, before: Expectation
) -> tuple[float, FloatArray, FloatArray]:
    """Cost, Gauss-Newton Hessian (28, 28) and gradient (28,) at a state."""
    points, jacobian = pose_keypoints(state.rotation, state.translation, state.angles, skeleton)
    size = 6 + len(state.angles)
    H, g = np.zeros((size, size)), np.zeros(size)
    pixel = seen.focal / seen.keypoint_sigma
    cost = _add_observation(points, jacobian, seen.rays, pixel, seen.direction, seen.depths, seen.depth_sigma, H, g)
    H += np.triu(H, 1).T
    cost += _add_priors(state, skeleton, before, seen.limit_sigma, H, g)
    return cost, H, g


def solve(start: HandState, skeleton: Skeleton, seen: Observation, before: Expectation, iterations: int) -> Solution:
    """The minimum next to `start`, after at most `iterations` accepted or rejected steps."""
    state = start  # rotations go through OpenCV, whose calls cost a tenth of scipy's
    cost, H, g = linearise(state, skeleton, seen, before)
    damping = 1e-3
    for _ in range(iterations):
        step = -np.linalg.solve(H + np.diag(damping * np.diag(H) + 1e-9), g)
        step *= min(1.0, _LONGEST_TURN / max(float(np.linalg.norm(step[3:6])), 1e-12))
        tried = HandState(
            cv2.Rodrigues(step[3:6])[0] @ state.rotation, state.translation + step[:3], state.angles + step[6:]
        )
        tried_cost, tried_H, tried_g = linearise(tried, skeleton, seen, before)
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
