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
        ignored: (H, W) where its border is not the object's. What is seen of the object there must be covered all the
            same, unless nothing is seen elsewhere: then the mask says nothing.
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
        self._mask, self._hand, self._drawn = mask, hand, drawn
        self._unknown = ignored & ~mask if (mask & ~ignored).any() else ignored
        self._observed = ObservedContour.from_mask(mask, ignored, camera, count=schedule.points, reach=schedule.reach)

    def fit(self, T: FloatArray) -> tuple[FloatArray, float]:
        """The fitted pose (4, 4) of the centred mesh and its score; the given one where the fit is no better.

        Where little of the outline is seen, fits drift along what it leaves open.
        """
        view = SurfaceView.draw(self._mesh, self._camera, T)
        before = self._score(T, view)
        if self._observed is None:
            return T, before
        contour = ContourTerm(
            self._mesh,
            self._camera,
            self._observed,
            sigma=1.5,
            weight=1.0,
            count=self._schedule.points,
            interval=1,
            view=view,
        )
        terms: list[ResidualTerm] = [contour, self._hand] if self._hand is not None and self._drawn else [contour]
        solution = solve(terms, T, iterations=self._schedule.iterations, anneal=self._schedule.anneal, damping=1e-3)
        after = self.score(solution.T) if solution.is_sound else -np.inf
        return (solution.T, after) if after > before else (T, before)

    def score(self, T: FloatArray) -> float:
        """Overlap with the mask, 0 to 1, less what the hand's depth contradicts; -infinity where it cannot be drawn."""
        return self._score(T, SurfaceView.draw(self._mesh, self._camera, T))

    def _score(self, T: FloatArray, view: SurfaceView | None) -> float:
        iou = float("nan") if view is None else overlap(view.silhouette(), self._mask, self._unknown)
        if not np.isfinite(iou):
            return -np.inf
        return iou if self._hand is None else iou - self._hand.penalty(T)
