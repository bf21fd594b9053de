"""The object's silhouette in one frame against the border of its mask."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.registration.contour import ContourTerm, ObservedContour, model_contour
from rhov_optimizer.registration.jacobian import project
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord

REACH = 20
"""How far around the mask its border is searched for [pixel]."""
FARTHEST = 8.0
"""Largest distance that counts in the misfit [pixel]."""
CACHE_BYTES = 200_000_000
"""Prepared masks are kept up to this size and prepared anew beyond."""


class ContourResidual:
    """Both ways: silhouette to border and border to silhouette, the hand's surroundings left out."""

    def __init__(self, mesh: CentredMesh, camera: Camera, config: ObjectSolverConfig) -> None:
        self._mesh, self._camera, self._config = mesh, camera, config
        self._cache: dict[int, ObservedContour | None] = {}
        self._cached_bytes = 0

    def linearise(
        self, frame: int, record: TrackRecord, T: FloatArray, kernel_scale: float, system: ClipSystem
    ) -> None:
        """Adds one frame at the pose T (4, 4) to the system; nothing if its mask is missing or empty."""
        config = self._config
        observed = None if config.contour_weight == 0 else self._observe(frame, record)
        if observed is None:
            return
        term = ContourTerm(
            self._mesh,
            self._camera,
            observed,
            sigma=config.contour_sigma,
            weight=config.contour_weight,
            count=config.contour_points,
            interval=1,
            least_sigma=config.contour_least_sigma,
        )
        A, b = np.zeros((6, 6)), np.zeros(6)
        term.accumulate(T, kernel_scale, A, b)
        system.add(frame, np.triu(A) + np.triu(A, 1).T, b)

    def misfit(self, frame: int, record: TrackRecord, T: FloatArray) -> float:
        """Mean squared distance of the silhouette at a pose to the mask's border [pixel^2], outside the hand.

        Distances beyond `FARTHEST` count as that. NaN without a mask, or where no part of the silhouette is compared.
        """
        observed = None if self._config.contour_weight == 0 else self._observe(frame, record)
        view = None if observed is None else SurfaceView.draw(self._mesh, self._camera, T)
        if observed is None or view is None:
            return float("nan")
        points, _ = model_contour(view, self._config.contour_points)
        column, row = np.rint(project(points, T, self._camera.K)).astype(np.int64).T - [[observed.x0], [observed.y0]]
        height, width = observed.distance.shape
        on = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        column, row = column[on], row[on]
        distances = observed.distance.at(row, column)[observed.trusted[row, column]]
        return float(np.square(np.clip(distances, -FARTHEST, FARTHEST)).mean()) if len(distances) else float("nan")

    def _observe(self, frame: int, record: TrackRecord) -> ObservedContour | None:
        if frame in self._cache:
            return self._cache[frame]
        if record.object_mask is None or record.object_mask.is_empty:
            return None
        excluded = None if record.excluded is None else record.excluded.unpack()
        mask, count = record.object_mask.unpack(), self._config.contour_points
        observed = ObservedContour.from_mask(mask, excluded, self._camera, count=count, reach=REACH)
        if observed is not None and self._cached_bytes < CACHE_BYTES:
            self._cache[frame] = observed
            self._cached_bytes += observed.distance.nbytes + observed.trusted.nbytes
        return observed
