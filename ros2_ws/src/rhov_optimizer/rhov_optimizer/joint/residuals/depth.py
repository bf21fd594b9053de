"""The object's surface against the depth cue (paper equation 2)."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.depth_cue import LEAST_SAMPLES, normalised, object_depths, relief
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.residuals.transfer import SurfacePoints
from rhov_optimizer.registration.points import TUKEY
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord

MARGIN = 2
"""Pixels this near to the silhouette are left out: a small step moves them off the object."""
REWEIGHTED = 3
"""How often outliers are found anew before depths are normalised without them."""


class DepthResidual:
    """Depth of the surface in the middle of the object's mask.

    Depth up to scale and shift is compared after both sides were brought to zero mean and unit variance over the
    object's pixels: neither the distance nor the size of the object changes it. Metric depth is compared as it is.

    Args:
        config: Settings.
        metric: Whether the mesh has its true size; if not, metric depth is compared like relative depth.
    """

    def __init__(self, config: ObjectSolverConfig, metric: bool) -> None:
        self._config, self._metric = config, metric
        self._cache: dict[int, tuple[FloatArray, FloatArray] | None] = {}

    def applies(self, frame: int, record: TrackRecord) -> bool:
        """Whether a frame has enough depth on the object."""
        if self._config.depth_weight == 0:
            return False
        if frame not in self._cache:
            self._cache[frame] = object_depths(record)
        return self._cache[frame] is not None

    def linearise(
        self, frame: int, record: TrackRecord, view: SurfaceView, kernel_scale: float, system: ClipSystem
    ) -> None:
        """Adds one frame, drawn at its pose, to the system."""
        residual, J, weight, sigma = self._compared(frame, record, view, kernel_scale)
        weight = weight * _tukey(residual, TUKEY * sigma * kernel_scale) * self._config.depth_weight / sigma**2
        system.add(frame, (J * weight[:, None]).T @ J, J.T @ (weight * residual))

    def squares(self, frame: int, record: TrackRecord, view: SurfaceView) -> FloatArray:
        """Squared residuals (M,) of one frame in standard deviations, no larger than the kernel reaches."""
        residual, _, _, sigma = self._compared(frame, record, view, 1.0)
        return np.square(np.clip(residual / sigma, -TUKEY, TUKEY))

    def _compared(
        self, frame: int, record: TrackRecord, view: SurfaceView, kernel_scale: float
    ) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """Residuals (M,), their Jacobian (M, 6), weights (M,) and standard deviation; empty without enough depth."""
        observed = self._cache[frame]
        pixels, depths = (np.zeros((0, 2)), np.zeros(0)) if observed is None else observed
        on = view.inside(pixels, MARGIN)
        pixels, depths = pixels[on], depths[on]
        pick = np.linspace(0, len(pixels) - 1, min(self._config.depth_points, len(pixels))).astype(np.int64)
        z, J, usable = surface_depth(view, pixels[pick])
        z, J, depths = z[usable], J[usable], depths[pick][usable]
        metric = record.depth_is_metric and self._metric
        sigma = self._config.depth_sigma if metric else self._config.depth_relative_sigma
        if len(z) < LEAST_SAMPLES:
            return np.zeros(0), np.zeros((0, 6)), np.zeros(0), sigma
        if metric:
            return z - depths, J, np.ones(len(z)), sigma
        return *_relative(z, J, depths, TUKEY * sigma * kernel_scale, view.mesh.diameter), sigma


def surface_depth(view: SurfaceView, pixels: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Depth of the surface at pixels that stay where they are while the pose changes.

    Args:
        view: The surface as drawn.
        pixels: (M, 2) [pixel].

    Returns:
        Depths (M,) [m], their derivatives (M, 6) by a left perturbation [translation, rotation], and whether they
        are usable (M,): off the surface and at grazing rays they are not.
    """
    surface = SurfacePoints.cast(view, pixels)
    R, t = view.T[:3, :3], view.T[:3, 3]
    q = surface.points @ R.T
    derivative = np.einsum("c,ncp->np", R[2], surface.jacobian)
    derivative[:, 2] += 1.0
    derivative[:, 3] += q[:, 1]
    derivative[:, 4] -= q[:, 0]
    return q[:, 2] + t[2], derivative, surface.usable


def _relative(
    z: FloatArray, J: FloatArray, depths: FloatArray, cutoff: float, size: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Residuals (M,) of normalised depths, their Jacobian (M, 6), and the weight (M,) that their relief deserves."""
    weight = np.ones(len(z))
    for _ in range(REWEIGHTED):
        (ours, spread), (theirs, _) = normalised(z, weight), normalised(depths, weight)
        trusted = _tukey(ours - theirs, cutoff)
        if (trusted > 0).sum() < LEAST_SAMPLES:
            return np.zeros(len(z)), np.zeros_like(J), np.zeros(len(z))
        weight = trusted
    (ours, spread), (theirs, _) = normalised(z, weight), normalised(depths, weight)
    mean, along = (np.average(part, axis=0, weights=weight) for part in (J, ours[:, None] * J))
    J = (J - mean - ours[:, None] * along) / max(spread, 1e-12)
    return ours - theirs, J, np.full(len(z), relief(spread, size))


def _tukey(residual: FloatArray, cutoff: float) -> FloatArray:
    """Tukey's biweight."""
    return np.square(np.clip(1.0 - np.square(residual / cutoff), 0.0, None))
