"""Following the object's pose from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import difference, perturb
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPose, InitialPoseConfig, find_initial_pose, refine_initial_pose
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.solver import solve
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.fit import FrameFit
from rhov_optimizer.tracking.flow import FlowTracks
from rhov_optimizer.tracking.frame_fitter import ANNEAL, FrameFitter
from rhov_optimizer.tracking.keyframes import Keyframe, KeyframeStore
from rhov_optimizer.tracking.search import fit_nearby, search_all_views
from rhov_optimizer.tracking.uncertainty import covariance_of, nothing_known, while_lost

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
class _Track:
    """The last good frame."""

    T: FloatArray
    covariance: FloatArray
    velocity: FloatArray
    view: SurfaceView
    lost_frames: int = 0
    unsearched: int = 0
    """Lost frames since the object was last searched for from all views."""


class ObjectTracker:
    """Estimates the object's pose in one frame after another.

    Each frame: optical flow predicts the pose, features of keyframes correct it, the predicted silhouette gives a
    mask, and Gauss-Newton fits contour, flow and features together. A verdict decides whether to believe it. A lost
    object is searched for by its texture, and every few frames from all views.

    Cues must be of images without lens distortion.

    Args:
        model: The object.
        camera: Its distortion is ignored.
        segmenter: Segments a frame again from a silhouette. None: the masks in the cues are used.
        config: Settings.
        initial: Settings of the search for the first pose.
    """

    def __init__(
        self,
        model: ObjectModel,
        camera: Camera,
        segmenter: ObjectSegmenter | None = None,
        config: TrackerConfig | None = None,
        initial: InitialPoseConfig | None = None,
    ) -> None:
        self._model, self._camera, self._segmenter = model, camera.rectified(), segmenter
        self._config, self._initial_config = config or TrackerConfig(), initial or InitialPoseConfig()
        self._mesh = CentredMesh.from_model(model, self._config.max_faces)
        self.reset()

    def reset(self) -> None:
        """Forgets the track; the next frame starts a new one."""
        self._track: _Track | None = None
        self._keyframes = KeyframeStore(self._config.feature_ratio)
        self._fitter = FrameFitter(self._mesh, self._camera, self._segmenter, self._keyframes, self._config)
        self._pause = 0
        self.initial_pose: InitialPose | None = None
        """The newest search for the first pose; None before it."""
        self.record: TrackRecord | None = None
        """What the joint optimisation needs of the last frame; None before the first one."""

    def start(self, cues: FrameCues, T: FloatArray | None = None) -> ObjectEstimate:
        """Starts a new track.

        Args:
            cues: Of the first frame.
            T: (4, 4) T_camera_object, roughly; None: it is searched for in the object mask.

        Returns:
            The estimate; LOST if no pose was found. The next `step` then tries again.

        Raises:
            InputError: If the image has another size than the camera or T does not show the object to it.
        """
        self._require_size(cues)
        self.reset()
        return self._begin(cues, T)

    def step(self, cues: FrameCues) -> ObjectEstimate:
        """Estimates the pose in the next frame; starts a track if there is none.

        Raises:
            InputError: If the image has another size than the camera.
        """
        self._require_size(cues)
        if self._track is None:
            if self._pause and cues.object_mask is not None:
                self._pause -= 1
            return self._conclude(cues, FrameFit.nothing()) if self._pause else self._begin(cues, None)
        track = self._track
        if track.lost_frames:
            fit = self._recover(cues, track)
        else:
            T, flow = self._predict(cues, track)
            fit = self._fitter.attempt(cues, T, flow, searched=False)
        return self._conclude(cues, fit)

    def _begin(self, cues: FrameCues, T: FloatArray | None) -> ObjectEstimate:
        """Looks for the object for the first time."""
        try:
            args = self._model, self._camera, cues
            if T is None:
                initial = find_initial_pose(*args, self._segmenter, self._initial_config)
            else:
                initial = refine_initial_pose(*args, T, self._segmenter, self._initial_config)
        except InputError:
            if T is not None:
                raise
            return self._conclude(cues, FrameFit.nothing())
        self._pause = self._config.search_interval
        self.initial_pose = initial
        return self._conclude(cues, self._fitter.fit(cues, self._mesh.centred(initial.T), searched=False))

    def _predict(self, cues: FrameCues, track: _Track) -> tuple[FloatArray, FlowTracks | None]:
        """The pose by optical flow, or else by the outline, or by going on as before."""
        moved_on = perturb(track.T, VELOCITY_KEPT * track.velocity)
        flow = FlowTracks.on_object(cues, track.view, self._config)
        if len(flow) < LEAST_TRACKS:
            nearby = fit_nearby(cues, self._mesh, self._camera, moved_on, self._config)
            return (moved_on if nearby is None else nearby), None
        start = min((track.T, moved_on), key=lambda T: float(np.median(flow.term.residuals(T))))
        solution = solve([flow.term], start, iterations=6, anneal=ANNEAL)
        return (solution.T if solution.is_sound else moved_on), flow

    def _recover(self, cues: FrameCues, track: _Track) -> FrameFit:
        """Looks for a lost object: by texture, by its outline near the last pose, and by its outline from all views."""
        nearby = fit_nearby(cues, self._mesh, self._camera, track.T, self._config)
        start = track.T if nearby is None else nearby
        near = nearby is not None and track.lost_frames <= SHORT_WHILE
        fit = self._fitter.attempt(cues, start, None, searched=True, nearby=near)
        track.unsearched += 1
        if fit.state == ObjectState.LOST and track.unsearched >= self._config.search_interval:
            last = self._mesh.in_file_frame(track.T)
            T = search_all_views(cues, self._model, self._camera, self._segmenter, last, self._initial_config)
            if T is not None:
                track.unsearched = 0
                fit = self._fitter.attempt(cues, self._mesh.centred(T), None, searched=True)
        return fit

    def _conclude(self, cues: FrameCues, fit: FrameFit) -> ObjectEstimate:
        """Takes a fit over into the track if it is good, and reports."""
        track, config, mesh = self._track, self._config, self._mesh
        self.record = fit.record(cues)
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
            self._track = _Track(T, covariance, velocity, fit.view)
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
                    cues.hand_mask,
                    self._config.keyframe_cosine,
                    self._config.keyframe_features,
                )
            )

    def _require_size(self, cues: FrameCues) -> None:
        self._camera.require_size(*cues.image_size, "the image")
