"""Fitting hypotheses to the contour of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_optimizer.registration.agreement import overlap
from rhov_optimizer.registration.contour import ContourTerm, ObservedContour
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.solver import ResidualTerm, solve
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
    """Fits poses to one mask, and to the depth of the hand that hides a part of it.

    Args:
        mesh: The object.
        camera: Without distortion, of the mask's size.
        mask: (H, W) the visible object.
        ignored: (H, W) where its border is not the object's.
        schedule: How.
        hand: How far away the object must be; None: anywhere.
        drawn: Whether the fits are drawn there too, not only their scores.
    """

    def __init__(
        self,
        mesh: CentredMesh,
        camera: Camera,
        mask: BoolArray,
        ignored: BoolArray,
        schedule: FitSchedule,
        hand: HandDepth | None = None,
        drawn: bool = False,
    ) -> None:
        self._mesh, self._camera, self._schedule = mesh, camera, schedule
        self._mask, self._ignored, self._hand, self._drawn = mask, ignored, hand, drawn
        self._observed = ObservedContour.from_mask(mask, ignored, camera, count=schedule.points, reach=schedule.reach)

    def fit(self, T: FloatArray) -> FloatArray:
        """The fitted pose (4, 4) of the centred mesh; the given one where the fit fails."""
        if self._observed is None:
            return T
        contour = ContourTerm(
            self._mesh, self._camera, self._observed, sigma=1.5, weight=1.0, count=self._schedule.points, interval=1
        )
        terms: list[ResidualTerm] = [contour, self._hand] if self._hand is not None and self._drawn else [contour]
        solution = solve(terms, T, iterations=self._schedule.iterations, anneal=self._schedule.anneal, damping=1e-3)
        return solution.T if solution.is_sound else T

    def score(self, T: FloatArray) -> float:
        """Overlap with the mask, 0 to 1, less what the hand's depth contradicts; -infinity where it cannot be drawn."""
        view = SurfaceView.draw(self._mesh, self._camera, T)
        iou = float("nan") if view is None else overlap(view.silhouette(), self._mask, self._ignored)
        if not np.isfinite(iou):
            return -np.inf
        return iou if self._hand is None else iou - self._hand.penalty(T)
