"""The object's poses over the whole clip at once, by Gauss-Newton.

Contours tie each frame to its mask, depth to its depth cue, features to a few keyframes (whose poses are unknowns
too), optical flow to its neighbour, and a prior of small acceleration ties them all. Frames without measurements are
bridged by the prior, and at last by the wrist of the hand that holds the object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.pose import difference, perturb
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.elapsed import elapsed
from rhov_optimizer.joint.mistaken import mistaken_covariance
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.outline_shares import outline_shares
from rhov_optimizer.joint.residuals.contour import ContourResidual
from rhov_optimizer.joint.residuals.depth import DepthResidual
from rhov_optimizer.joint.residuals.smoothness import Smoothness
from rhov_optimizer.joint.residuals.tracks import Transfer, feature_transfers, flow_transfers
from rhov_optimizer.joint.residuals.transfer import SurfacePoints, add_transfer
from rhov_optimizer.joint.residuals.wrist import WristResidual, WristTrack
from rhov_optimizer.joint.systematic import systematic_covariance
from rhov_optimizer.joint.variances import Variances
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord

CONVERGED = 2e-4
"""A root mean square step below this [object diameters, rad] ends the iteration."""
LARGEST_STEP = 0.1
"""Steps of a frame are shortened to this [object diameters, rad]."""
FIRST_KERNEL = 3.0
"""The robust kernels start this much wider and shrink by one a step; then the variances are learnt too."""
FOLLOWING_STEPS = 6
"""Steps in which lost frames follow the wrist, once the others have been solved for."""
HELD_FIXED = 1e-5
"""The others stay where they are to this [m, rad]: what a wrist tells must not bend what was measured."""


@dataclass(frozen=True)
class ObjectSolution:
    """Poses of the centred mesh over the clip."""

    T: FloatArray
    """(N, 4, 4)"""
    covariance: FloatArray
    """(N, 6, 6) for left perturbations [translation m, rotation rad]: the blocks of the inverse Hessian, what outlines
    may have wrong in common, the floor, and what there is to suspect that the object was taken for another view of
    itself: other hypotheses and frames around in which it was lost.
    """
    iterations: int
    last_step: float
    """Root mean square of the last step's components [object diameters, rad]."""


class _ClipProblem:
    """Linearises all residuals of a clip."""

    def __init__(
        self,
        mesh: CentredMesh,
        camera: Camera,
        records: Sequence[TrackRecord],
        T: FloatArray,
        seen: BoolArray,
        config: ObjectSolverConfig,
        metric: bool,
        wrist: WristTrack | None,
    ) -> None:
        self._mesh, self._camera, self._records, self._seen = mesh, camera, records, seen
        self._start, self._config = T, config
        self._stamps = stamps = elapsed(records)
        self.variances = Variances.assumed(stamps, config)
        self._contour = ContourResidual(mesh, camera, config)
        self._depth = DepthResidual(config, metric)
        self._has_depth = any(self._depth.applies(int(i), records[i]) for i in np.flatnonzero(seen))
        self._transfers: dict[int, list[Transfer]] = {}
        features = feature_transfers(records, seen, config)
        for transfer in [*features, *flow_transfers(records, seen, config)]:
            self._transfers.setdefault(transfer.source, []).append(transfer)
        self._keyframes = sorted({transfer.source for transfer in features})
        self._outlines, self._rest = (ClipSystem(len(records), self._keyframes) for _ in range(2))
        self._shares = np.ones(len(records))
        self._wrist = None
        if wrist is not None and config.wrist_weight > 0:
            self._wrist = WristResidual(wrist, seen, stamps, config)
        self._smoothness = None
        if config.smoothness_weight > 0:
            velocity = np.repeat([config.unseen_velocity, config.unseen_angular_velocity], 3)
            self._smoothness = Smoothness(stamps, ~seen, velocity / np.sqrt(config.smoothness_weight))

    def measure(self, T: FloatArray, kernel_scale: float) -> None:
        """Linearises what was measured at the poses T (N, 4, 4)."""
        self._outlines, self._rest = (ClipSystem(len(T), self._keyframes) for _ in range(2))
        for frame in np.flatnonzero(self._seen):
            self._contour.linearise(frame, self._records[frame], T[frame], kernel_scale, self._outlines)
            transfers = self._transfers.get(int(frame), [])
            has_depth = self._depth.applies(frame, self._records[frame])
            view = SurfaceView.draw(self._mesh, self._camera, T[frame]) if transfers or has_depth else None
            if view is None:
                continue
            if has_depth:
                self._depth.linearise(frame, self._records[frame], view, kernel_scale, self._rest)
            if transfers:
                self._transfer(T, view, transfers, kernel_scale, self._rest)

    def system(self, T: FloatArray) -> ClipSystem:
        """The normal equations of what was measured last and of the prior at the poses T (N, 4, 4)."""
        system = ClipSystem(len(T), self._keyframes)
        system.include(self._rest)
        hessians, gradient = self._weighted_outlines()
        trust = self.variances.outline_trust
        for frame in np.flatnonzero(self._seen):
            system.add(frame, trust * hessians[frame], trust * gradient[frame])
        if self._smoothness is not None:
            self._smoothness.linearise(T, self.variances.motion / self._config.smoothness_weight, system)
        if not (self._outlines.hessians().any() or self._has_depth):
            self._add_anchor(T, system)
        return system

    def _weighted_outlines(self) -> tuple[FloatArray, FloatArray]:
        """Hessians (N, 6, 6) and gradient (N, 6) of the outlines, each with the share of its weight that it keeps."""
        return self._shares[:, None, None] * self._outlines.hessians(), self._shares[:, None] * self._outlines.gradient

    def _misfits(self, T: FloatArray) -> FloatArray:
        """Mean squared distances (N,) of silhouette and mask border at T (N, 4, 4) [pixel^2]; NaN without outline."""
        out = np.full(len(T), np.nan)
        for frame in np.flatnonzero(self._seen):
            out[frame] = self._contour.misfit(frame, self._records[frame], T[frame])
        return out

    def _add_anchor(self, T: FloatArray, system: ClipSystem) -> None:
        """Holds the tracked poses loosely where they started.

        Flow and features alone leave the clip as a whole free: each step would carry it further away.
        """
        config = self._config
        precision = np.diag(1.0 / np.square(np.repeat([config.start_translation, config.start_rotation], 3)))
        for frame in np.flatnonzero(self._seen):
            system.add(frame, precision, precision @ difference(T[frame], self._start[frame]))

    def led_by_wrist(self, T: FloatArray) -> FloatArray:
        """The poses T (N, 4, 4), those of lost frames moved to where prior and wrist together want them."""
        if self._wrist is None or not len(self._wrist):
            return T
        for _ in range(FOLLOWING_STEPS):
            system = self.system(T)
            self._wrist.linearise(T, system)
            for frame in np.flatnonzero(self._seen):
                system.add(frame, np.eye(6) / HELD_FIXED**2, np.zeros(6))
            step = system.solve()
            T = np.where(self._seen[:, None, None], T, perturb(T, step))
        return T

    def learn(self, T: FloatArray) -> None:
        """Estimates the variances from what was measured last at the poses T (N, 4, 4)."""
        if self._config.outline_halved_at > 0:
            self._shares = outline_shares(self._misfits(T), self._config.outline_halved_at)
        covariances = self.system(T).covariances()
        hessians, gradient = self._weighted_outlines()
        self.variances.learn_outlines(gradient, hessians, covariances[0])
        if self._smoothness is not None:
            self.variances.learn_motion(self._smoothness.expected_squares(T, covariances))

    def covariance(self, T: FloatArray) -> FloatArray:
        """Covariances (N, 6, 6) at the poses T (N, 4, 4), by what was measured last."""
        config, system = self._config, self.system(T)
        if self._wrist is not None:
            self._wrist.linearise(T, system)
        unknown = np.diag(1.0 / np.square(np.repeat([config.unknown_translation, config.unknown_rotation], 3)))
        for frame in range(len(T)):
            system.add(frame, unknown, np.zeros(6))
        floor = np.diag(
            np.square(np.repeat([config.covariance_floor_translation, config.covariance_floor_rotation], 3))
        )
        outlines = self._outlines.hessians(), self._misfits(T)
        common = systematic_covariance(*outlines, self._stamps, config.outline_points_alike, self._mesh.diameter)
        any_pose = np.repeat([config.mistaken_translation * self._mesh.diameter, config.mistaken_rotation], 3)
        mistaken = mistaken_covariance(self._seen, self._stamps, any_pose)
        return system.covariance() + common + floor + mistaken + self._left_open(T)

    def _left_open(self, T: FloatArray) -> FloatArray:
        """What other hypotheses that explain the video as well add to the covariances (N, 6, 6) at T (N, 4, 4)."""
        to_centre = replace(self._mesh, centre=-self._mesh.centre)
        pairs = zip(T, self._records, strict=True)
        return np.stack([to_centre.covariance_in_file_frame(pose, record.doubt) for pose, record in pairs])

    def _transfer(
        self, T: FloatArray, view: SurfaceView, transfers: list[Transfer], kernel_scale: float, system: ClipSystem
    ) -> None:
        surface = SurfacePoints.cast(view, np.concatenate([transfer.source_pixels for transfer in transfers]))
        start = 0
        for transfer in transfers:
            part = surface.part(start, start + len(transfer.source_pixels))
            start += len(transfer.source_pixels)
            add_transfer(system, transfer, part, T[transfer.target], self._camera.K, kernel_scale)


def solve_object_clip(
    mesh: CentredMesh,
    camera: Camera,
    records: Sequence[TrackRecord],
    T: FloatArray,
    seen: BoolArray,
    config: ObjectSolverConfig,
    step_done: Callable[[float], bool] = lambda _: True,
    *,
    metric: bool = True,
    wrist: WristTrack | None = None,
) -> ObjectSolution:
    """Improves the poses of a clip.

    Args:
        mesh: The object.
        camera: Without distortion.
        records: What tracking left of the N frames.
        T: (N, 4, 4) poses of the centred mesh to start from.
        seen: (N,) frames whose measurements count; the others are bridged.
        config: Settings.
        step_done: Called after each step with the fraction done, 0 to 1; returning False ends the iteration.
        metric: Whether the mesh has its true size.
        wrist: Of the hand that may hold it; None: the object is solved for alone.

    Returns:
        The poses with their covariance.
    """
    problem = _ClipProblem(mesh, camera, records, np.asarray(T, np.float64), seen, config, metric, wrist)
    unit = np.repeat([mesh.diameter, 1.0], 3)
    poses, size, done = np.asarray(T, np.float64), float("inf"), 0
    problem.measure(poses, FIRST_KERNEL)
    while done < config.iterations and size > CONVERGED:
        step = _shortened(problem.system(poses).solve() / unit)
        poses = perturb(poses, step * unit)
        size, done = float(np.sqrt((step**2).mean())), done + 1
        problem.measure(poses, max(1.0, FIRST_KERNEL - done))
        if config.learn_variances and done >= FIRST_KERNEL:
            problem.learn(poses)
        if not step_done(done / config.iterations):
            break
    poses = problem.led_by_wrist(poses)
    return ObjectSolution(poses, problem.covariance(poses), done, size)


def _shortened(step: FloatArray) -> FloatArray:
    """Each frame's step (N, 6) [object diameters, rad], no longer than where the linearisation holds."""
    length = np.maximum(np.linalg.norm(step[:, :3], axis=1), np.linalg.norm(step[:, 3:], axis=1))
    return step * np.minimum(1.0, LARGEST_STEP / np.maximum(length, 1e-12))[:, None]
