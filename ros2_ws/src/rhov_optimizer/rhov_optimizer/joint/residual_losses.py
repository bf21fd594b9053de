"""How well poses agree with each kind of residual of the Gauss-Newton stage, for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_optimizer.joint.elapsed import elapsed
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.residuals.contour import ContourResidual
from rhov_optimizer.joint.residuals.depth import DepthResidual
from rhov_optimizer.joint.residuals.smoothness import Smoothness
from rhov_optimizer.joint.residuals.tracks import Transfer, feature_transfers, flow_transfers
from rhov_optimizer.joint.residuals.transfer import SurfacePoints
from rhov_optimizer.joint.residuals.wrist import WristResidual, WristTrack
from rhov_optimizer.registration.jacobian import project
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.points import TUKEY
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord

FRAMES = 60
"""Frames that are looked at, spread over the clip."""


class ResidualLosses:
    """The loss of each residual of `solve_object_clip`, before its weight.

    A loss is the mean of the squared residuals, in the standard deviations that the settings assume, of at most
    `FRAMES` frames; those beyond the reach of the robust kernel count as being there. So 1 is what is expected.

    Args:
        mesh: The object.
        camera: Without distortion.
        records: N frames.
        seen: (N,) where the object was tracked.
        config: Of the solver.
        metric: Whether the mesh has its true size.
        wrist: Of the hand that may hold the object.
    """

    def __init__(
        self,
        mesh: CentredMesh,
        camera: Camera,
        records: Sequence[TrackRecord],
        seen: BoolArray,
        config: ObjectSolverConfig,
        metric: bool,
        wrist: WristTrack | None = None,
    ) -> None:
        self._mesh, self._camera, self._records, self._config = mesh, camera, records, config
        frames = np.flatnonzero(seen)
        self._frames = frames[np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).astype(np.int64)]
        self._contour, self._depth = ContourResidual(mesh, camera, config), DepthResidual(config, metric)
        self._transfers = {
            "features": _by_source(feature_transfers(records, seen, config)),
            "flow": _by_source(flow_transfers(records, seen, config)),
        }
        self._smoothness = Smoothness(elapsed(records), ~seen, np.ones(6))
        self._wrist = None if wrist is None else WristResidual(wrist, seen, elapsed(records), config)

    def at(self, T: FloatArray) -> dict[str, float]:
        """The losses at poses (N, 4, 4) of the centred mesh; only of residuals that the clip has."""
        squares: dict[str, list[FloatArray]] = {name: [] for name in ("contour", *self._transfers, "depth")}
        for frame in self._frames:
            record, view = self._records[frame], SurfaceView.draw(self._mesh, self._camera, T[frame])
            if view is None:
                continue
            misfit = self._contour.misfit(int(frame), record, T[frame])
            squares["contour"].append(np.array([misfit]) / self._config.contour_sigma**2)
            for name, transfers in self._transfers.items():
                squares[name] += [_reprojected(t, view, T[t.target]) for t in transfers.get(int(frame), [])]
            if self._depth.applies(int(frame), record):
                squares["depth"].append(self._depth.squares(int(frame), record, view))
        out = {name: _mean(parts) for name, parts in squares.items()}
        if len(self._smoothness) and self._config.smoothness_weight > 0:
            usual = np.square(np.repeat([self._config.acceleration, self._config.angular_acceleration], 3))
            still = np.zeros((3, len(T), 6, 6))
            out["smoothness"] = float((self._smoothness.expected_squares(T, still) / usual).mean())
        if self._wrist is not None and self._config.wrist_weight > 0:
            out["wrist"] = _mean([self._wrist.squares(T)])
        return {name: value for name, value in out.items() if np.isfinite(value)}

    def weights(self) -> dict[str, float]:
        """The weight of each residual."""
        names = ("contour", *self._transfers, "depth", "smoothness", "wrist")
        singular = {"features": "feature"}
        return {name: float(getattr(self._config, f"{singular.get(name, name)}_weight")) for name in names}


def _by_source(transfers: Sequence[Transfer]) -> dict[int, list[Transfer]]:
    out: dict[int, list[Transfer]] = {}
    for transfer in transfers:
        out.setdefault(transfer.source, []).append(transfer)
    return out


def _reprojected(transfer: Transfer, view: SurfaceView, T: FloatArray) -> FloatArray:
    """Squared distances (M,) of a frame's surface points to their pixels in another, at its pose T (4, 4)."""
    surface = SurfacePoints.cast(view, transfer.source_pixels)
    points, pixels = surface.points[surface.usable], transfer.target_pixels[surface.usable]
    off = np.linalg.norm(project(points, T, view.camera.K) - pixels, axis=1) / transfer.sigma
    return np.square(np.minimum(off, TUKEY))


def _mean(parts: list[FloatArray]) -> float:
    values = np.concatenate(parts) if parts else np.zeros(0)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")
