"""Several hypotheses of the first pose, followed side by side until the video tells them apart.

One outline often fits several poses: a can from above or from below, a bottle turned about its axis. A wrong one is
contradicted by what follows: its outline goes on otherwise than the image's, and the optical flow of its surface fits
no rigid motion. A mask alone cannot decide, for it is segmented from each hypothesis' own silhouette.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.pose import inverse
from rhov_core.trajectory import ObjectState
from rhov_optimizer.initialise import InitialPoseConfig
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.doubt import Doubt, Revision
from rhov_optimizer.tracking.fit import FrameFit
from rhov_optimizer.tracking.pose_track import PoseTrack

FLOW_WEIGHT = 0.02
"""How much overlap a mean squared flow residual of one pixel outweighs."""
FLOW_LIMIT = 3.0
"""No track of optical flow counts as further off than this [pixel]."""
FULL_TRACKS = 200
"""Fewer tracks of optical flow than this outweigh less: a few, in a blurred frame, are off at right poses, too."""
LEAST_FRAMES = 2
"""No hypothesis is given up before this many frames."""
CERTAIN = 3.0
"""A hypothesis is given up whose mean score is this many standard errors behind the best one's."""
NOISE = 0.01
"""Expected standard deviation of the difference of two scores in a frame."""
EXPECTED = 4
"""That expectation counts as so many frames."""
LEAST_BEHIND = 0.01
"""None is given up whose mean score is less than this behind: what all frames have in common, such as a mask that is
wrong in one place, does not scatter."""
MOST_IN_A_FRAME = 0.3
"""In no frame a hypothesis counts as further behind the best one, for the right one may be lost in a frame too."""

Contradiction = Callable[[FrameFit, FrameCues], float]
"""What further evidence, such as the object's colours, has against a fit of a frame: how much overlap it outweighs."""


@dataclass(eq=False)
class Contestant:
    """A hypothesis with all that it said."""

    track: PoseTrack
    contradictions: tuple[Contradiction, ...] = ()
    """Further evidence, besides outline, flow and hand."""
    history: list[Revision] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    """Of the frames that count."""
    explained: list[float] = field(default_factory=list)
    """The scores of all frames."""

    def start(self, cues: FrameCues, T: FloatArray) -> None:
        """Fits the hypothesis (4, 4) to its first frame."""
        self.scores.append(self._note(cues, self.track.start(cues, T)))

    def step(self, cues: FrameCues) -> float:
        """Follows it into the next frame and returns the frame's score."""
        return self._note(cues, self.track.step(cues))

    @property
    def score(self) -> float:
        """Mean over the frames that count."""
        return float(np.mean(self.scores))

    def _note(self, cues: FrameCues, estimate: ObjectEstimate) -> float:
        self.history.append((estimate, self.track.fit.record(cues)))
        self.explained.append(frame_score(self.track.fit, cues, self.contradictions))
        return self.explained[-1]


@dataclass(frozen=True)
class NewContestant:
    """Makes contestants that have no pose yet."""

    model: ObjectModel
    mesh: CentredMesh
    """It, centred and with few faces."""
    camera: Camera
    """Without distortion."""
    segmenter: ObjectSegmenter | None
    config: TrackerConfig
    initial: InitialPoseConfig
    contradictions: tuple[Contradiction, ...] = ()

    def __call__(self) -> Contestant:
        """One."""
        track = PoseTrack(self.model, self.mesh, self.camera, self.segmenter, self.config, self.initial)
        return Contestant(track, self.contradictions)


class Contest:
    """Follows all hypotheses and leads with the best one.

    A hypothesis that loses the object while another one follows it is wrong. If all lose it, the object was out of
    sight; then it is no merit to have found it again before the others, so only frames count in which all have it.

    Args:
        contestants: At least one, each with its first frame; on equal terms, the first wins.
        frames: After this many frames the leader wins.
        symmetries: (S, 4, 4) of the object.
    """

    def __init__(self, contestants: list[Contestant], frames: int, symmetries: FloatArray) -> None:
        self._all, self._frames, self._symmetries = list(contestants), frames, symmetries
        self._given_up: list[Contestant] = []
        self.doubt = Doubt()
        """What the others leave open, also after the leader has won."""
        self._out_of_sight = False
        self._settle()

    @property
    def leader(self) -> Contestant:
        """The best so far."""
        return self._all[0]

    @property
    def decided(self) -> bool:
        """Whether only one is left."""
        return len(self._all) == 1

    def step(self, cues: FrameCues) -> tuple[Revision, ...]:
        """Follows all into the next frame.

        Returns:
            If the leader changed or has won, what it says about all frames before this one.
        """
        before = self.leader
        scores = [contestant.step(cues) for contestant in self._all]
        self._out_of_sight |= not any(scores)
        if all(scores) or not self._out_of_sight:
            for contestant, score in zip(self._all, scores, strict=True):
                contestant.scores.append(max(score, max(scores) - MOST_IN_A_FRAME))
        self._settle()
        unchanged = self.leader is before and not self.decided
        return () if unchanged else tuple(self.doubt.added_to(revision) for revision in self.leader.history[:-1])

    def _settle(self) -> None:
        self._all.sort(key=lambda contestant: -contestant.score)  # stable
        leader, *others = self._all
        if len(leader.history) >= self._frames:
            beaten = others
        elif len(leader.scores) >= LEAST_FRAMES:
            beaten = [other for other in others if surely_behind(other.scores, leader.scores)]
        else:
            beaten = []
        self._given_up += beaten
        self._all = [contestant for contestant in self._all if contestant not in beaten]
        self.doubt = self._left_open()

    def _left_open(self) -> Doubt:
        """The doubt of all hypotheses, those too that were given up: compared with the leader in their last frame."""
        leader, others = self.leader, [*self._all[1:], *self._given_up]
        T, behind = [leader.history[-1][0].T_camera_object], [0.0]
        for other in others:
            then, counted = leader.history[len(other.history) - 1][0].T_camera_object, len(other.scores)
            T.append(T[0] @ inverse(then) @ other.history[-1][0].T_camera_object)
            behind.append(max(float(np.mean(leader.scores[:counted])) - other.score, 0.0))
        return Doubt.among(np.stack(T), -np.array(behind), self._symmetries)


def surely_behind(scores: list[float], best: list[float]) -> bool:
    """Whether the scores of as many frames say for sure that a hypothesis is worse than the best one.

    The scatter of their difference from frame to frame tells how sure its mean is.
    """
    behind = np.subtract(best, scores)
    variance = (EXPECTED * NOISE**2 + len(behind) * behind.var()) / (EXPECTED + len(behind))
    return float(behind.mean()) >= max(LEAST_BEHIND, CERTAIN * float(np.sqrt(variance / len(behind))))


def frame_score(fit: FrameFit, cues: FrameCues, contradictions: tuple[Contradiction, ...] = ()) -> float:
    """How well a pose explains a frame: overlap, less what flow, the hand's depth and further evidence have against it;
    0 for a lost frame.
    """
    if fit.state == ObjectState.LOST or fit.view is None:
        return 0.0
    overlap = 0.0 if np.isnan(fit.iou) else fit.iou
    hand = HandDepth.of(cues, cues.object_mask, fit.view.mesh.diameter)
    if hand is not None:
        overlap -= hand.penalty(fit.T)
    overlap -= sum(contradiction(fit, cues) for contradiction in contradictions)
    if fit.flow is None or not len(fit.flow):
        return overlap
    off = np.minimum(fit.flow.term.residuals(fit.T), FLOW_LIMIT)
    return overlap - FLOW_WEIGHT * min(1.0, len(off) / FULL_TRACKS) * float(np.mean(off**2))
