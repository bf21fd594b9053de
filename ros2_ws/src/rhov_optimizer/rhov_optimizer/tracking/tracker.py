"""Following the object's pose from frame to frame."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_optimizer.initialise import (
    InitialPose,
    InitialPoseConfig,
    SearchedObject,
    find_initial_pose,
    refine_initial_pose,
)
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking.challenge import Challenge
from rhov_optimizer.tracking.color_evidence import ColorEvidence
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.contest import Contest, Contestant, NewContestant, frame_score
from rhov_optimizer.tracking.doubt import Doubt, Doubts, Revision
from rhov_optimizer.tracking.hindsight import with_hindsight
from rhov_optimizer.tracking.memory import FrameMemory
from rhov_optimizer.tracking.motion_limit import MotionLimit, lost_in_between

JUDGED = 5
"""Frames whose mean score says whether a pose is doubtful."""
MISTAKEN_AGAIN = 0.5
"""How probably a pose that took the place of another one is wrong, too: it was in 7 of 11 cases on 55 clips of dev."""


class ObjectTracker:
    """Estimates the object's pose in one frame after another.

    Each frame: optical flow predicts the pose, features of keyframes correct it, the predicted silhouette gives a
    mask, and Gauss-Newton fits contour, flow and features together. A verdict decides whether to believe it. A lost
    object is searched for by its texture in each frame, and from all views by a piece of that search in each.

    In the first frames several hypotheses of the pose are followed (see `contest`). The estimate is the leader's;
    when the lead changes, `revised` holds what the new leader says about the frames before. Later, while the pose that
    is believed explains the video badly, others are looked for from time to time (see `challenge`), and one that
    explains it better is followed back through the frames before, too. While others explain the video as well, the
    covariance holds them.

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
        given = model, self._mesh, self._camera, segmenter, self._config, self._initial_config
        self._new = NewContestant(*given, () if self._colors is None else (self._colors,))
        self.reset()

    def reset(self) -> None:
        """Forgets the track; the next frame starts a new one."""
        self._track = self._new().track
        self._contest: Contest | None = None
        self._challenge: Challenge | None = None
        self._memory = FrameMemory(self._config.frames_remembered)
        self._doubts = Doubts()
        self._pause = self._rest = self._said_of = 0
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
        return self._said(cues, self._begin(cues, T))

    def step(self, cues: FrameCues) -> ObjectEstimate:
        """Estimates the pose in the next frame; starts a track if there is none.

        Raises:
            InputError: If the image has another size than the camera.
        """
        self._require_size(cues)
        self.revised, self.changed_mind = (), False
        return self._said(cues, self._followed(cues))

    def _followed(self, cues: FrameCues) -> Revision:
        """What the pose that is believed says about the next frame."""
        if self._contest is not None:
            leader = self._contest.leader
            self.revised = self._contest.step(cues)
            self.changed_mind = self._contest.leader is not leader
            if self.changed_mind:
                self._doubts = Doubts()
            return self._led(self._contest)
        if self._track.found:
            return self._track.step(cues), self._track.fit.record(cues)
        self._pause = max(self._pause - (cues.object_mask is not None), 0)
        return self._missed(cues) if self._pause else self._begin(cues, None)

    def _missed(self, cues: FrameCues) -> Revision:
        return self._track.miss(cues), self._track.fit.record(cues)

    def _said(self, cues: FrameCues, revision: Revision) -> ObjectEstimate:
        """Remembers what is believed about the newest frame, compares it with other poses and reports."""
        score = frame_score(self._track.fit, cues, self._new.contradictions)
        self._memory.add(cues, revision, score)
        self._said_of += 1
        self._doubts = self._doubts.after(explained=score >= self._config.doubtful)
        if self._challenge is not None:
            self._challenged(self._challenge)
        elif self._track.found:
            self._challenge = self._new_challenge(cues)
        estimate, self.record = self._doubt.added_to(self._memory.frames[-1].said)
        return estimate

    def _new_challenge(self, cues: FrameCues) -> Challenge | None:
        """One that begins in the newest frame, if it is time and what is believed is doubtful."""
        self._rest = max(self._rest - 1, 0)
        scores = [frame.score for frame in self._memory.frames[-JUDGED:]]
        doubtful = np.mean(scores) < self._config.doubtful if self._contest is None else not any(scores)
        if self._rest or not doubtful or cues.object_mask is None:
            return None
        asked = self._searched, self._camera, cues, self._colors, self._new, self._config
        try:
            return Challenge(*asked, self._initial_config)
        except InputError:
            return None

    def _challenged(self, challenge: Challenge) -> None:
        """Follows other poses into the newest frame and believes one that explains the last frames better."""
        frames = self._memory.frames
        winner = challenge.step(frames)
        if not challenge.over:
            return
        self._challenge, self._rest = None, self._config.challenge_interval
        same = challenge.agrees(frames)
        if same and frames[-1].score:
            return  # what is believed was found anew, but only the track knows the features seen so far
        believed = None if winner is None else with_hindsight(winner, frames, self._new)
        open_now = challenge.left_open(frames, won=believed is not None)
        if winner is not None and believed is not None:
            self._track, self._contest, self.changed_mind = winner.track, None, not same
            if not same:
                self._doubts = Doubts(rivals=open_now or Doubt(), mistaken=MISTAKEN_AGAIN)
            history, scores = believed
            before, limit = frames[: len(frames) - len(history)], MotionLimit(self._mesh, self._camera)
            lost = lost_in_between(history, before, limit, self._model.symmetries, self._config)
            self._memory.correct((*lost, *history), [0.0] * len(lost) + scores)
            self._said_of = len(lost) + len(history)
        elif open_now is not None:
            self._doubts = replace(self._doubts, newest=open_now)
        self._revise()

    def _revise(self) -> None:
        """Says again what the pose that is believed says of the frames before the newest one."""
        doubt = self._doubt
        new = tuple(doubt.added_to(frame.said) for frame in self._memory.frames[-self._said_of : -1])
        self.revised = (*self.revised[: max(len(self.revised) - len(new), 0)], *new)

    @property
    def _doubt(self) -> Doubt:
        """All that is doubtful about the pose that is believed."""
        return self._doubts.joined(self._mesh.centre, self._mesh.diameter)

    def _begin(self, cues: FrameCues, T: FloatArray | None) -> Revision:
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
            return self._missed(cues)
        self._pause = self._config.search_interval
        self.initial_pose = initial
        contestants: list[Contestant] = []
        candidates = initial.candidates
        if self._colors is not None and T is None:
            candidates = self._colors.ranked(candidates, cues)
        for candidate in candidates[: self._config.hypotheses]:
            if candidate.iou < initial.candidates[0].iou - self._config.hypothesis_gap:
                continue
            contestant = self._new()
            contestant.start(cues, candidate.T)
            if contestant.track.found or not contestants:
                contestants.append(contestant)
        return self._led(Contest(contestants, self._config.hypothesis_frames, self._model.symmetries))

    def _led(self, contest: Contest) -> Revision:
        """What the leader says about the newest frame; it is the track when the contest is over."""
        leader = contest.leader
        self._track, self._contest = leader.track, None if contest.decided else contest
        self._doubts = replace(self._doubts, rivals=contest.doubt)
        *before, newest = leader.history
        self._said_of = len(before)
        self._memory.correct(before, leader.explained[:-1])
        return newest

    @cached_property
    def _searched(self) -> SearchedObject:
        return SearchedObject.from_model(self._model, self._initial_config)

    def _require_size(self, cues: FrameCues) -> None:
        self._camera.require_size(*cues.image_size, "the image")
