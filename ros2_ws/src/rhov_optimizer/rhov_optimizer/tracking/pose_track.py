"""Following one hypothesis of the object's pose from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import difference, perturb
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPoseConfig
from rhov_optimizer.registration.agreement import Agreement
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.solver import solve
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.fit import FrameFit
from rhov_optimizer.tracking.flow import FlowTracks
from rhov_optimizer.tracking.frame_fitter import ANNEAL, FrameFitter
from rhov_optimizer.tracking.keyframes import Keyframe, KeyframeStore
from rhov_optimizer.tracking.motion_limit import MotionLimit
from rhov_optimizer.tracking.search import fit_nearby
from rhov_optimizer.tracking.spread_search import SpreadSearch
from rhov_optimizer.tracking.uncertainty import covariance_of, nothing_known, while_lost

WITHIN_REACH = 0.85
"""A prediction whose silhouette overlaps the mask by this much is near enough to it."""
VELOCITY_KEPT = 0.7
"""How much of the last motion is expected to go on."""
LEAST_TRACKS = 12
"""With fewer flow tracks than this the flow says nothing about the motion."""
SHORT_WHILE = 10
"""Lost frames after which a pose next to the last good one may be another view of a turned object."""
KEYFRAME_RESIDUAL = 2.5
"""A frame whose features agree worse than this [pixel] does not become a keyframe."""
KEYFRAME_IOU = 0.85
"""Nor does one whose silhouette overlaps its mask less than this."""


@dataclass
class _Good:
    """The last good frame."""

    T: FloatArray
    covariance: FloatArray
    velocity: FloatArray
    view: SurfaceView
    stamp: float
    lost_frames: int = 0


class PoseTrack:
    """One hypothesis with its keyframes: it is fitted to the first frame, followed, and searched for when it is lost.

    Args:
        model: The object.
        mesh: The same, centred and with few faces.
        camera: Without distortion.
        segmenter: Segments a frame again from a silhouette. None: the masks in the cues are used.
        config: Settings.
        initial: Settings of the search from all views.
    """

    def __init__(
        self,
        model: ObjectModel,
        mesh: CentredMesh,
        camera: Camera,
        segmenter: ObjectSegmenter | None,
        config: TrackerConfig,
        initial: InitialPoseConfig,
    ) -> None:
        self._mesh, self._camera, self._config = mesh, camera, config
        self._limit = MotionLimit(mesh, camera)
        self._last: _Good | None = None
        self._keyframes = KeyframeStore(config.feature_ratio)
        self._fitter = FrameFitter(mesh, camera, segmenter, self._keyframes, config)
        self._search = SpreadSearch(model, camera, initial, config)
        self.fit = FrameFit.nothing()
        """Of the newest frame."""

    @property
    def found(self) -> bool:
        """Whether the object was seen at all."""
        return self._last is not None

    def start(self, cues: FrameCues, T: FloatArray) -> ObjectEstimate:
        """Fits the hypothesis (4, 4) T_camera_object to its first frame."""
        return self._conclude(cues, self._fitter.fit(cues, self._mesh.centred(T), searched=False))

    def step(self, cues: FrameCues) -> ObjectEstimate:
        """Follows it into the next frame; a hypothesis that was never found stays lost."""
        track = self._last
        if track is None:
            return self.miss(cues)
        if track.lost_frames:
            return self._conclude(cues, self._recover(cues, track))
        T, flow = self._predict(cues, track)
        return self._conclude(cues, self._fitter.attempt(cues, T, flow, searched=False))

    def miss(self, cues: FrameCues) -> ObjectEstimate:
        """Goes on without looking at the frame."""
        return self._conclude(cues, FrameFit.nothing())

    def _predict(self, cues: FrameCues, track: _Good) -> tuple[FloatArray, FlowTracks | None]:
        """The pose by optical flow, or else by the outline, or by going on as before."""
        moved_on = perturb(track.T, VELOCITY_KEPT * track.velocity)
        flow = FlowTracks.on_object(cues, track.view, self._config)
        if len(flow) < LEAST_TRACKS:
            nearby = None
            if not self._covers(cues, moved_on):
                nearby = fit_nearby(cues, self._mesh, self._camera, moved_on, self._config)
            return (moved_on if nearby is None else nearby), None
        start = min((track.T, moved_on), key=lambda T: float(np.median(flow.term.residuals(T))))
        solution = solve([flow.term], start, iterations=6, anneal=ANNEAL)
        return (solution.T if solution.is_sound else moved_on), flow

    def _covers(self, cues: FrameCues, T: FloatArray) -> bool:
        """Whether a pose (4, 4) is near enough to the mask in the cues for the fit of the frame to reach it."""
        view = self._fitter.view(T)
        if view is None or cues.object_mask is None:
            return False
        agreement = Agreement.of(view.drawn, cues.object_mask, cues.covered, x0=view.x0, y0=view.y0)
        return agreement.iou >= WITHIN_REACH

    def _recover(self, cues: FrameCues, track: _Good) -> FrameFit:
        """Looks for a lost object: by texture, by its outline near the last pose, and by its outline from all views."""
        nearby = fit_nearby(cues, self._mesh, self._camera, track.T, self._config)
        start = track.T if nearby is None else nearby
        near = nearby is not None and track.lost_frames <= SHORT_WHILE
        fit = self._believable(self._fitter.attempt(cues, start, None, searched=True, nearby=near), cues.stamp)
        if fit.state == ObjectState.LOST:
            T = self._search.advance(cues, track.T)
            if T is not None:
                fit = self._fitter.attempt(cues, T, None, searched=True)
        return fit

    def _conclude(self, cues: FrameCues, fit: FrameFit) -> ObjectEstimate:
        """Takes a fit over into the track if it is good, and reports."""
        fit = self._believable(fit, cues.stamp)
        track, config, mesh = self._last, self._config, self._mesh
        self.fit = fit
        if fit.state == ObjectState.LOST or fit.view is None:
            if track is None:
                T, covariance = fit.T, nothing_known()
            else:
                track.lost_frames += 1
                T, covariance = track.T, while_lost(track.covariance, track.lost_frames, config)
        else:
            T, covariance = fit.T, covariance_of(fit.information, config)
            follows = track is not None and fit.state == ObjectState.TRACKED
            velocity = difference(T, track.T) if track is not None and follows else np.zeros(6)
            self._last = _Good(T, covariance, velocity, fit.view, cues.stamp)
            self._search.stop()
            self._keep_keyframe(cues, fit, fit.view)
        return ObjectEstimate(
            cues.frame_index,
            cues.stamp,
            mesh.in_file_frame(T),
            mesh.covariance_in_file_frame(T, covariance),
            fit.state,
            fit.iou,
            fit.inliers,
            fit.median_residual,
        )

    def _believable(self, fit: FrameFit, stamp: float) -> FrameFit:
        """The fit, lost if it moved faster than hands move things and no texture confirms it.

        Without flow the outline alone may draw the pose to another that looks alike.
        """
        last = self._last
        if last is None or fit.state == ObjectState.LOST or fit.inliers >= self._config.least_inliers:
            return fit
        allowed = self._limit.allows(fit.T, last.T, stamp - last.stamp)
        return fit if allowed else replace(fit, state=ObjectState.LOST)

    def _keep_keyframe(self, cues: FrameCues, fit: FrameFit, view: SurfaceView) -> None:
        far = self._keyframes.angle_to_nearest(fit.T[:3, :3]) > self._config.keyframe_angle
        agrees = not fit.inliers or fit.median_residual < KEYFRAME_RESIDUAL
        if far and agrees and not fit.iou < KEYFRAME_IOU:  # a NaN passes: there is no mask to compare with
            self._keyframes.add(
                Keyframe.from_view(
                    cues.frame_index,
                    view,
                    cues.feature_positions,
                    cues.feature_descriptors,
                    cues.covered,
                    self._config.keyframe_cosine,
                    self._config.keyframe_features,
                )
            )
