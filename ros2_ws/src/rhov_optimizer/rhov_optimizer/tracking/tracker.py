"""Following the object's pose from frame to frame."""

from __future__ import annotations

from dataclasses import replace

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_optimizer.initialise import InitialPose, InitialPoseConfig, find_initial_pose, refine_initial_pose
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking.color_evidence import ColorEvidence
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.contest import Contest, Contestant
from rhov_optimizer.tracking.doubt import Doubt, Revision
from rhov_optimizer.tracking.pose_track import PoseTrack


class ObjectTracker:
    """Estimates the object's pose in one frame after another.

    Each frame: optical flow predicts the pose, features of keyframes correct it, the predicted silhouette gives a
    mask, and Gauss-Newton fits contour, flow and features together. A verdict decides whether to believe it. A lost
    object is searched for by its texture in each frame, and from all views by a piece of that search in each.

    In the first frames several hypotheses of the pose are followed (see `contest`). The estimate is the leader's;
    when the lead changes, `revised` holds what the new leader says about the frames before. While others explain the
    video as well, the covariance holds them.

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
        self._colors = ColorEvidence.of(model, self._mesh, self._camera)
        self._contradictions = () if self._colors is None else (self._colors,)
        self.reset()

    def reset(self) -> None:
        """Forgets the track; the next frame starts a new one."""
        self._track = self._new_track()
        self._contest: Contest | None = None
        self._doubt = Doubt()
        self._pause = 0
        self.initial_pose: InitialPose | None = None
        """The newest search for the first pose; None before it."""
        self.record: TrackRecord | None = None
        """What the joint optimisation needs of the last frame; None before the first one."""
        self.revised: tuple[Revision, ...] = ()
        """Estimates and records that replace those of the frames just before the last one, oldest first."""
        self.changed_mind = False
        """Whether they hold another hypothesis than before, not only another covariance."""

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
        self.revised, self.changed_mind = (), False
        if self._contest is not None:
            leader = self._contest.leader
            self.revised = self._contest.step(cues)
            self.changed_mind = self._contest.leader is not leader
            return self._led(self._contest)
        if self._track.found:
            return self._noted(cues, self._track.step(cues))
        if self._pause and cues.object_mask is not None:
            self._pause -= 1
        return self._noted(cues, self._track.miss(cues)) if self._pause else self._begin(cues, None)

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
            return self._noted(cues, self._track.miss(cues))
        self._pause = self._config.search_interval
        self.initial_pose = initial
        contestants: list[Contestant] = []
        candidates = initial.candidates
        if self._colors is not None and T is None:
            candidates = self._colors.ranked(candidates, cues)
        for candidate in candidates[: self._config.hypotheses]:
            if candidate.iou < initial.candidates[0].iou - self._config.hypothesis_gap:
                continue
            contestant = Contestant(self._new_track(), self._contradictions)
            contestant.start(cues, candidate.T)
            if contestant.track.found or not contestants:
                contestants.append(contestant)
        return self._led(Contest(contestants, self._config.hypothesis_frames, self._model.symmetries))

    def _led(self, contest: Contest) -> ObjectEstimate:
        """What the leader says about the newest frame; it is the track when the contest is over."""
        leader = contest.leader
        self._track, self._contest = leader.track, None if contest.decided else contest
        self._doubt = contest.doubt
        estimate, self.record = self._doubt.added_to(leader.history[-1])
        return estimate

    def _noted(self, cues: FrameCues, estimate: ObjectEstimate) -> ObjectEstimate:
        spread = self._doubt.covariance(estimate.T_camera_object)
        self.record = self._track.fit.record(cues, spread)
        return replace(estimate, covariance=estimate.covariance + spread) if spread.any() else estimate

    def _new_track(self) -> PoseTrack:
        return PoseTrack(self._model, self._mesh, self._camera, self._segmenter, self._config, self._initial_config)

    def _require_size(self, cues: FrameCues) -> None:
        self._camera.require_size(*cues.image_size, "the image")
