"""Other poses that are found in a later frame, against the one that is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.errors import InputError
from rhov_core.pose import difference
from rhov_optimizer.initialise import InitialPoseConfig, PoseCandidate, SearchedObject, ViewSearch
from rhov_optimizer.initialise.candidates import nearest_symmetric
from rhov_optimizer.tracking.color_evidence import ColorEvidence
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.contest import MOST_IN_A_FRAME, Contest, Contestant, surely_behind
from rhov_optimizer.tracking.doubt import Doubt
from rhov_optimizer.tracking.memory import Remembered

LEAST_FRAMES = 8
"""A challenger is followed for so many frames at least before it is believed."""
SAME = 0.1
"""Poses turned less than this against each other are one [rad]: what a track drifts by can be more."""
MOSTLY_LOST = 0.5
"""Frames that are explained with a lower mean score than this."""
CONVINCING = 0.9
"""Where what was believed is mostly lost, a challenger must have this mean score at least: some pose always fits better
than none."""


class Challenge:
    """Searches all views in one frame and follows what is found beside the pose that is believed.

    The search is done in pieces, one a frame. When it has ended its poses start in the frame that was searched, and
    catch up at once.

    Args:
        searched: The object, as the search draws it.
        camera: Without distortion.
        cues: Of the newest frame.
        colors: The object's colours; None for an object without.
        new: Makes a contestant without a pose.
        config: Settings.
        initial: Settings of the search.

    Raises:
        InputError: If the frame has no mask or it is too small.
    """

    def __init__(
        self,
        searched: SearchedObject,
        camera: Camera,
        cues: FrameCues,
        colors: ColorEvidence | None,
        new: Callable[[], Contestant],
        config: TrackerConfig,
        initial: InitialPoseConfig,
    ) -> None:
        self._searched, self._cues, self._colors, self._new = searched, cues, colors, new
        self._config = config
        self._search: ViewSearch | None = ViewSearch(searched, camera, cues, initial)
        self._contest: Contest | None = None
        self._age = 0
        self.over = False
        """Whether nobody challenges any more."""

    def step(self, frames: Sequence[Remembered]) -> Contestant | None:
        """Goes on in the newest frame.

        Args:
            frames: The newest ones with what is believed in them, the newest last.

        Returns:
            The challenger that is to be believed now, followed from the frame that was searched; None for none.
        """
        self._age += 1
        if self._contest is not None:
            self._contest.step(frames[-1].cues)
        elif self._age < len(frames):
            self._contest = self._begun(frames)
        else:
            self.over = True  # the frame that was searched is remembered no more
        return None if self._contest is None else self._winner(self._contest, frames)

    def left_open(self, frames: Sequence[Remembered], *, won: bool) -> Doubt | None:
        """What the best challenger leaves open about what is believed; if it is believed now, the other way round.

        Returns:
            None if both were seen in no frame.
        """
        poses = self._compared(frames)
        if self._contest is None or poses is None:
            return None
        leader, (believed, challenger) = self._contest.leader, poses
        behind = _mean_score(frames[-len(leader.history) :]) - float(np.mean(leader.explained))
        symmetries = self._searched.symmetries
        if not won:
            return Doubt.among(np.stack([believed, challenger]), np.array([0.0, -max(behind, 0.0)]), symmetries)
        beaten = Doubt.among(np.stack([challenger, believed]), np.array([0.0, -max(-behind, 0.0)]), symmetries)
        return beaten.also(self._contest.doubt)

    def agrees(self, frames: Sequence[Remembered]) -> bool:
        """Whether the best challenger is the pose that is believed, found anew."""
        poses = self._compared(frames)
        if poses is None:
            return False
        believed, challenger = poses
        off = difference(nearest_symmetric(challenger, believed, self._searched.symmetries), believed)
        return float(np.linalg.norm(off[3:])) < SAME

    def _compared(self, frames: Sequence[Remembered]) -> tuple[FloatArray, FloatArray] | None:
        """The pose (4, 4) that is believed and the best challenger's in the newest frame in which both were seen."""
        if self._contest is None:
            return None
        leader = self._contest.leader
        for frame, said, score in zip(
            reversed(frames), reversed(leader.history), reversed(leader.explained), strict=False
        ):
            if frame.score and score:
                return frame.said[0].T_camera_object, said[0].T_camera_object
        return None

    def _begun(self, frames: Sequence[Remembered]) -> Contest | None:
        """The next piece of the search; the contest of what it found, up to the newest frame, if it was the last."""
        assert self._search is not None
        try:
            if not self._search.advance():
                return None
        except InputError:
            self.over = True
            return None
        contestants = self._contestants(self._search, frames[-1 - self._age].said[0].T_camera_object)
        self._search = None
        if not contestants:
            self.over = True
            return None
        contest = Contest(contestants, self._config.hypothesis_frames, self._searched.symmetries)
        for frame in frames[-self._age :]:
            contest.step(frame.cues)
        return contest

    def _contestants(self, search: ViewSearch, believed: FloatArray) -> list[Contestant]:
        """What was found, of a symmetric object the copies turned least against the pose that was believed there."""
        mesh = self._searched.mesh
        found = tuple(
            PoseCandidate(mesh.in_file_frame(T), float(iou)) for T, iou in zip(search.T, search.score, strict=True)
        )
        if self._colors is not None:
            found = self._colors.ranked(found, self._cues)
        out = []
        for candidate in found[: self._config.hypotheses]:
            contestant = self._new()
            contestant.start(self._cues, nearest_symmetric(candidate.T, believed, self._searched.symmetries))
            if contestant.track.found:
                out.append(contestant)
        return out

    def _winner(self, contest: Contest, frames: Sequence[Remembered]) -> Contestant | None:
        leader = contest.leader
        followed, score = len(leader.explained), float(np.mean(leader.explained))
        believed = np.array([frame.score for frame in frames[-followed:]])
        convincing = believed.mean() >= MOSTLY_LOST or score >= CONVINCING
        behind = np.maximum(believed, np.array(leader.explained) - MOST_IN_A_FRAME)
        won = followed >= LEAST_FRAMES and convincing and surely_behind(behind.tolist(), leader.explained)
        lost = not any(leader.explained[-LEAST_FRAMES:])
        self.over = won or lost or followed >= min(self._config.hypothesis_frames, self._config.frames_remembered)
        return leader if won else None


def _mean_score(frames: Sequence[Remembered]) -> float:
    return float(np.mean([frame.score for frame in frames]))
