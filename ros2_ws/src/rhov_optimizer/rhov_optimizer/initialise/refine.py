"""Fitting hypotheses to the contour of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_optimizer.registration.agreement import overlap
from rhov_optimizer.registration.contour import ContourTerm, ObservedContour
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.solver import solve
from rhov_optimizer.registration.surface import SurfaceView


@dataclass(frozen=True)
class FitSchedule:
    """How a hypothesis is fitted."""

    iterations: int
    anneal: tuple[float, float]
    """Widths of the robust kernel at the first and the last step, in units of 7 pixels."""
    points: int
    """On the contour."""
    reach: int
    """How far from the mask its distance is known [pixel]."""


COARSE = FitSchedule(iterations=8, anneal=(5.0, 1.5), points=60, reach=60)
FINE = FitSchedule(iterations=12, anneal=(2.5, 0.7), points=120, reach=40)
CLOSE = FitSchedule(iterations=12, anneal=(2.0, 0.6), points=150, reach=30)


class ContourFit:
    """Fits poses to one mask."""

    def __init__(
        self, mesh: CentredMesh, camera: Camera, mask: BoolArray, ignored: BoolArray, schedule: FitSchedule
    ) -> None:
        self._mesh, self._camera, self._schedule = mesh, camera, schedule
        self._mask, self._ignored = mask, ignored
        self._observed = ObservedContour.from_mask(mask, ignored, camera, count=schedule.points, reach=schedule.reach)

    def fit(self, T: FloatArray) -> FloatArray:
        """The fitted pose (4, 4) of the centred mesh; the given one where the fit fails."""
        if self._observed is None:
            return T
        term = ContourTerm(
            self._mesh, self._camera, self._observed, sigma=1.5, weight=1.0, count=self._schedule.points, interval=1
        )
        solution = solve([term], T, iterations=self._schedule.iterations, anneal=self._schedule.anneal, damping=1e-3)
        return solution.T if solution.is_sound else T

    def score(self, T: FloatArray) -> float:
        """Overlap with the mask, 0 to 1; -infinity where the pose cannot be drawn."""
        view = SurfaceView.draw(self._mesh, self._camera, T)
        iou = float("nan") if view is None else overlap(view.silhouette(), self._mask, self._ignored)
        return iou if np.isfinite(iou) else -np.inf
