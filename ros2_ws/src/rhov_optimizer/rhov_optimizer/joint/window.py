"""The object's poses over the newest frames of a stream, optimised together before the stream has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import difference, perturb
from rhov_optimizer.joint.bridging import bridged_poses
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import ObjectSolution, solve_object_clip
from rhov_optimizer.joint.start import seen_frames
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord

STEPS = 5
"""Gauss-Newton steps of a window: more would keep frames waiting and changes what is replaced at the end anyway."""
KEYFRAMES = 8
"""So many keyframes from before a window are solved for with it: those with the most matches in it."""
BLENDED = 5
"""Over so many frames a window leaves where the one before it ended ..."""
SAME_TRACK = 0.03, 0.15
"""... unless that is farther away than this [m, rad]: then the pose before was wrong."""


class ObjectWindow:
    """Smooths the tracked poses of the newest frames.

    The window's frames are solved for together with some before and after it, and with those keyframes from any time
    before that its features were matched to. What was said already cannot be taken back, so the first new poses begin
    there.

    Args:
        model: The object. One of unknown size is left as it was tracked: its priors on motion have no unit yet.
        config: Settings of the solver.
        context: How many frames before a window are solved for with it.
        lag: How many of the newest frames are held back until the next window: poses at the end are the worst.
    """

    def __init__(self, model: ObjectModel, config: ObjectSolverConfig, context: int, lag: int) -> None:
        self._metric, self._context, self._lag = model.is_metric, context, lag
        self._mesh = CentredMesh.from_model(model, config.max_faces)
        self._config = replace(config, iterations=min(config.iterations, STEPS))
        self._last: ObjectEstimate | None = None

    def reset(self) -> None:
        """Forgets what was said."""
        self._last = None

    def newest(
        self, camera: Camera, records: Sequence[TrackRecord], estimates: Sequence[ObjectEstimate]
    ) -> list[ObjectEstimate]:
        """The estimates that were not said yet, but for the newest, with better poses and covariances.

        Lost frames are bridged and stay marked as lost.

        Args:
            camera: Its distortion is ignored.
            records: What tracking left of all frames that are still held, in order.
            estimates: The poses that it found.
        """
        last = -1 if self._last is None else self._last.frame_index
        start = next((i for i, estimate in enumerate(estimates) if estimate.frame_index > last), len(estimates))
        window = slice(start, max(start, len(estimates) - self._lag))
        fresh = list(estimates[window])
        if not fresh:
            return []
        first = max(0, start - self._context)
        solved = self._solved(camera, records, estimates, first)
        if solved is not None:
            fresh = self._described(estimates[first:], solved)[start - first : window.stop - first]
        self._last = fresh[-1]
        return fresh

    def _solved(
        self, camera: Camera, records: Sequence[TrackRecord], estimates: Sequence[ObjectEstimate], first: int
    ) -> ObjectSolution | None:
        """Poses of the frames from `first` on; None where nothing can be improved."""
        if not (self._metric and seen_frames(estimates[first:]).any()):
            return None
        frames = [*_keyframes(records, first), *range(first, len(records))]
        apart = len(frames) - (len(records) - first)
        chosen = [records[i] for i in frames]
        for place in range(min(apart + 1, len(chosen))):  # their neighbour in time is not there
            chosen[place] = replace(chosen[place], flow_source=np.zeros((0, 2)), flow_target=np.zeros((0, 2)))
        given = [estimates[i] for i in frames]
        seen = seen_frames(given)
        T = np.stack([self._mesh.centred(pose) for pose in bridged_poses(given, seen)])
        solution = solve_object_clip(self._mesh, camera.rectified(), chosen, T, seen, self._config)
        if not (np.isfinite(solution.T).all() and np.isfinite(solution.covariance).all()):
            return None
        return replace(solution, T=solution.T[apart:], covariance=solution.covariance[apart:])

    def _described(self, estimates: Sequence[ObjectEstimate], solution: ObjectSolution) -> list[ObjectEstimate]:
        """The estimates at the poses of a solution, blended with what was said before."""
        T, covariance = self._blended([estimate.frame_index for estimate in estimates], solution)
        rows = zip(estimates, T, covariance, strict=True)
        return [
            replace(
                estimate,
                T_camera_object=self._mesh.in_file_frame(pose),
                covariance=self._mesh.covariance_in_file_frame(pose, spread),
            )
            for estimate, pose, spread in rows
        ]

    def _blended(self, frames: list[int], solution: ObjectSolution) -> tuple[FloatArray, FloatArray]:
        """Poses and covariances that leave the last one that was said smoothly; what is moved counts as uncertain."""
        T, covariance = solution.T.copy(), solution.covariance.copy()
        if self._last is None or self._last.frame_index not in frames:
            return T, covariance
        at = frames.index(self._last.frame_index)
        step = difference(self._mesh.centred(self._last.T_camera_object), T[at])
        if np.linalg.norm(step[:3]) > SAME_TRACK[0] or np.linalg.norm(step[3:]) > SAME_TRACK[1]:
            return T, covariance
        for i in range(at + 1, min(at + 1 + BLENDED, len(T))):
            part = (1 + np.cos(np.pi * (i - at) / (BLENDED + 1))) / 2 * step
            T[i] = perturb(T[i], part)
            covariance[i] += np.outer(part, part)
        return T, covariance


def _keyframes(records: Sequence[TrackRecord], first: int) -> list[int]:
    """Places, in order, of the frames before `first` that the features of later ones were matched to most often."""
    place = {record.frame_index: i for i, record in enumerate(records[:first])}
    matched: Counter[int] = Counter()
    for record in records[first:]:
        matched.update(int(k) for k in record.match_keyframe)
    known = [(count, place[frame]) for frame, count in matched.items() if frame in place]
    return sorted(i for _, i in sorted(known, reverse=True)[:KEYFRAMES])
