"""The FISHEYE624 camera model of Project Aria and Quest 3: six radial, two tangential, four thin-prism coefficients.

Formula and names are those of projectaria_tools (core/calibration/camera_projections/FisheyeRadTanThinPrism.h); the
centre of the top-left pixel is at (0, 0), as everywhere here. With the angle t between a ray and the optical axis and
the direction (cos f, sin f) of its projection:

    [x, y] = (t + k0 t^3 + k1 t^5 + ... + k5 t^13) [cos f, sin f],  q = x^2 + y^2
    u = fx (x + p0 (2 x^2 + q) + 2 p1 x y + s0 q + s1 q^2) + cx
    v = fy (y + p1 (2 y^2 + q) + 2 p0 x y + s2 q + s3 q^2) + cy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray, dense
from rhov_core.errors import InputError

MODEL = "CameraModelType.FISHEYE624"
_NEWTON_STEPS = 20
_WIDEST = 0.999 * np.pi / 2
"""Rays at a right angle to the optical axis and beyond have no z = 1."""


@dataclass(frozen=True)
class FisheyeCamera:
    """A calibrated fisheye camera."""

    focal: tuple[float, float]
    """fx, fy [pixel]"""
    centre: tuple[float, float]
    """cx, cy [pixel]"""
    radial: tuple[float, ...]
    """k0 to k5"""
    tangential: tuple[float, ...]
    """p0, p1"""
    prism: tuple[float, ...]
    """s0 to s3"""
    width: int
    height: int

    @classmethod
    def from_parameters(cls, parameters: Sequence[float], width: int, height: int) -> FisheyeCamera:
        """The camera of a vector `projection_params`.

        Args:
            parameters: f, cx, cy, k0 to k5, p0, p1, s0 to s3 (15, one focal length, as of Aria) or fx, fy, cx and so on
                (16, as of Quest 3).
            width: Image width [pixel].
            height: Image height [pixel].

        Raises:
            InputError: If there are not as many, or they make no camera.
        """
        p = [float(value) for value in parameters]
        if len(p) == 15:
            p = [p[0], *p]
        if len(p) != 16 or not np.isfinite(p).all() or min(p[:2]) <= 0 or min(width, height) <= 0:
            raise InputError(
                f"the fisheye camera has {len(parameters)} projection parameters {list(parameters)[:4]} ... for "
                f"{width}x{height} pixels",
                "15 or 16 finite ones with positive focal lengths",
                "download its calibration again",
            )
        return cls((p[0], p[1]), (p[2], p[3]), tuple(p[4:10]), tuple(p[10:12]), tuple(p[12:]), width, height)

    @cached_property
    def widest_angle(self) -> float:
        """Angle to the optical axis [rad] up to which the radial polynomial rises; beyond it pictures fold back."""
        powers = np.zeros(13)
        powers[::2] = [1.0, *((2 * i + 3) * k for i, k in enumerate(self.radial))]
        roots = np.roots(np.trim_zeros(powers[::-1], "f"))
        turns = roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real
        return float(min([_WIDEST, *turns]))

    def project(self, points: ArrayLike) -> FloatArray:
        """Pixels (..., 2) of points (..., 3) in the camera frame [m]; NaN beyond `widest_angle`."""
        p = np.asarray(points, np.float64)
        across = np.linalg.norm(p[..., :2], axis=-1)
        angle = np.arctan2(across, dense(p[..., 2]))
        factor = np.divide(self._radius(angle), across, out=np.ones_like(angle), where=across > 0)
        bent = self._bent(factor[..., None] * p[..., :2])
        pixels = np.asarray(self.focal) * bent + np.asarray(self.centre)
        return np.where((angle <= self.widest_angle)[..., None], pixels, np.nan)

    def rays(self, pixels: ArrayLike) -> FloatArray:
        """Viewing rays (..., 3) with z = 1, in the camera frame, of pixels (..., 2); NaN where no ray leads there."""
        target = (np.asarray(pixels, np.float64) - self.centre) / self.focal
        xy = target.copy()
        for _ in range(_NEWTON_STEPS):
            xy -= np.linalg.solve(self._bent_derivative(xy), (self._bent(xy) - target)[..., None])[..., 0]
        radius = np.linalg.norm(xy, axis=-1)
        angle = np.minimum(radius, self.widest_angle)
        for _ in range(_NEWTON_STEPS):
            angle = np.clip(angle - (self._radius(angle) - radius) / self._slope(angle), 0.0, self.widest_angle)
        factor = np.divide(np.tan(angle), radius, out=np.ones_like(radius), where=radius > 0)
        rays = np.concatenate([factor[..., None] * xy, np.ones((*radius.shape, 1))], axis=-1)
        reached = np.abs(self._radius(angle) - radius) < 1e-9
        return np.where(reached[..., None], rays, np.nan)

    def _radius(self, angle: FloatArray) -> FloatArray:
        """Distance of (x, y) from the centre for angles to the optical axis [rad]."""
        square = angle * angle
        return angle * np.polynomial.polynomial.polyval(square, [1.0, *self.radial])

    def _slope(self, angle: FloatArray) -> FloatArray:
        """Derivative of `_radius`, kept off zero, where Newton's method would leave for infinity."""
        square = angle * angle
        slope = np.polynomial.polynomial.polyval(square, [1.0, *((2 * i + 3) * k for i, k in enumerate(self.radial))])
        return np.maximum(slope, 1e-6)

    def _bent(self, xy: FloatArray) -> FloatArray:
        """(x, y) with tangential and thin-prism distortion."""
        p, s = np.asarray(self.tangential), np.asarray(self.prism).reshape(2, 2)
        q = (xy * xy).sum(-1, keepdims=True)
        return xy + 2 * (xy @ p)[..., None] * xy + q * p + q * s[:, 0] + q * q * s[:, 1]

    def _bent_derivative(self, xy: FloatArray) -> FloatArray:
        """Derivative (..., 2, 2) of `_bent`."""
        p, s = np.asarray(self.tangential), np.asarray(self.prism).reshape(2, 2)
        q = (xy * xy).sum(-1)[..., None, None]
        along = 2 * (xy @ p)[..., None, None] * np.eye(2) + 2 * xy[..., :, None] * p
        return np.eye(2) + along + 2 * (p + s[:, 0])[:, None] * xy[..., None, :] + 4 * q * s[:, 1:] * xy[..., None, :]
