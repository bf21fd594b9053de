"""The object's poses over the newest frames of a stream, optimised together before the stream has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rhov_core.camera import Camera
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_optimizer.joint.bridging import bridged_poses
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import solve_object_clip
from rhov_optimizer.joint.start import seen_frames
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord

STEPS = 5
"""Gauss-Newton steps of a window: more would keep frames waiting and changes what is replaced at the end anyway."""


class ObjectWindow:
    """Smooths the tracked poses of a few frames.

    Args:
        model: The object. One of unknown size is left as it was tracked: its priors on motion have no unit yet.
        config: Settings of the solver.
    """

    def __init__(self, model: ObjectModel, config: ObjectSolverConfig) -> None:
        self._metric = model.is_metric
        self._mesh = CentredMesh.from_model(model, config.max_faces)
        self._config = replace(config, iterations=min(config.iterations, STEPS))

    def smoothed(
        self, camera: Camera, records: Sequence[TrackRecord], estimates: Sequence[ObjectEstimate]
    ) -> list[ObjectEstimate]:
        """The same estimates with better poses and covariances; lost frames are bridged and stay marked as lost.

        Args:
            camera: Its distortion is ignored.
            records: What tracking left of the frames, in order.
            estimates: The poses that it found.
        """
        seen = seen_frames(estimates)
        if not (self._metric and seen.any()):
            return list(estimates)
        T = np.stack([self._mesh.centred(T) for T in bridged_poses(estimates, seen)])
        solution = solve_object_clip(self._mesh, camera.rectified(), records, T, seen, self._config)
        if not (np.isfinite(solution.T).all() and np.isfinite(solution.covariance).all()):
            return list(estimates)
        rows = zip(estimates, solution.T, solution.covariance, strict=True)
        return [
            replace(
                estimate,
                T_camera_object=self._mesh.in_file_frame(pose),
                covariance=self._mesh.covariance_in_file_frame(pose, covariance),
            )
            for estimate, pose, covariance in rows
        ]
