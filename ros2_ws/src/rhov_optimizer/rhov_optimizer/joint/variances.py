"""How far the clip's own outlines and motion are to be trusted, estimated from the clip itself.

Masks may be sharp or ragged, an object may stand still, be waved about, or both in one clip. With fixed variances the
prior on motion is too stiff for one clip and too loose for another. So they are estimated together with the poses,
each from what the residuals show plus what the poses' covariance hides: variance components as in geodesy
(Foerstner, 1979) for the outlines, expectation-maximisation (Shumway and Stoffer, 1982) for the motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_optimizer.joint.object_config import ObjectSolverConfig

OUTLINES_ASSUMED = 20.0
"""The assumed trust in outlines counts as so many measured numbers; each outline measures six."""
MOTION_ASSUMED = 1.0
"""The assumed variance of accelerations counts as so many frames: short clips cannot tell their own."""
KERNEL_REACH = 3.0
"""How far the weights of neighbouring frames reach, in their standard deviations."""


@dataclass
class Variances:
    """What is estimated along with the poses; changed in place."""

    outline_trust: float
    """Factor of the weight of all outlines."""
    motion: FloatArray
    """(N - 2, 6) variances of the accelerations [(m/s^2)^2, (rad/s^2)^2]."""
    _assumed: FloatArray
    _least: FloatArray
    _most: FloatArray
    _neighbours: FloatArray
    """Weights of the frames around one, the middle one being its own."""

    @classmethod
    def assumed(cls, stamps: FloatArray, config: ObjectSolverConfig) -> Variances:
        """What is taken to hold before anything is known of the clip.

        Args:
            stamps: (N,) [s].
            config: Settings.
        """
        usual = np.square(np.repeat([config.acceleration, config.angular_acceleration], 3))
        least = np.square(np.repeat([config.least_acceleration, config.least_angular_acceleration], 3))
        most = np.square(np.repeat([config.most_acceleration, config.most_angular_acceleration], 3))
        step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 1.0
        reach = int(np.ceil(KERNEL_REACH * config.motion_memory / step))
        weights = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) * step / config.motion_memory))
        return cls(1.0, np.tile(usual, (max(0, len(stamps) - 2), 1)), usual, least, most, weights)

    def learn_outlines(self, gradient: FloatArray, hessian: FloatArray, covariance: FloatArray) -> None:
        """Sets the trust in outlines by how far they leave the poses that everything agreed on.

        An outline is one measurement of its frame's pose, however many points it has: what its points have in common
        cannot be seen within a frame, but between frames.

        Args:
            gradient: (N, 6) of the outlines' cost at the poses, before the trust.
            hessian: (N, 6, 6) of the same; zero where there is no outline.
            covariance: (N, 6, 6) of the poses.
        """
        has = hessian.any(axis=(1, 2))
        if not has.any():
            return
        A = hessian[has]
        scale = 1.0 / np.sqrt(np.maximum(np.einsum("nii->ni", A), 1e-12))
        unit = A * scale[:, :, None] * scale[:, None, :] + 1e-9 * np.eye(6)
        step = scale * np.linalg.solve(unit, (scale * gradient[has])[..., None])[..., 0]
        cost = float((gradient[has] * step).sum())
        spent = self.outline_trust * float(np.einsum("nij,nji->", A, covariance[has]))
        left = max(6.0 * len(A) - spent, 0.0)
        self.outline_trust = (left + OUTLINES_ASSUMED) / (cost + OUTLINES_ASSUMED)

    def learn_motion(self, squares: FloatArray) -> None:
        """Sets the variances of the accelerations from their expected squares (N - 2, 6), frame by frame.

        Translation and rotation have one each; that of a frame is the mean of its neighbourhood, so that strokes and
        pauses have their own.
        """
        if not len(squares):
            return
        either = squares.reshape(-1, 2, 3).mean(2)
        assumed = self._assumed.reshape(2, 3).mean(1)
        reach = len(self._neighbours) // 2
        for column in range(2):
            total, weight = (
                np.convolve(values, self._neighbours)[reach : reach + len(squares)]
                for values in (either[:, column], np.ones(len(squares)))
            )
            mean = (total + MOTION_ASSUMED * assumed[column]) / (weight + MOTION_ASSUMED)
            self.motion[:, 3 * column : 3 * column + 3] = mean[:, None]
        self.motion = np.clip(self.motion, self._least, self._most)
