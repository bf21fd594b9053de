"""The newest frames, to look at them again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rhov_core.cues import FrameCues
from rhov_optimizer.tracking.doubt import Revision


@dataclass(frozen=True)
class Remembered:
    """A frame and what was made of it."""

    cues: FrameCues
    said: Revision
    """About the pose that is believed, without any doubt of it."""
    score: float
    """How well that explains the frame, as in `contest.frame_score`."""


class FrameMemory:
    """The newest frames, oldest first.

    Args:
        frames: At most so many.
    """

    def __init__(self, frames: int) -> None:
        self._frames: deque[Remembered] = deque(maxlen=frames)

    @property
    def frames(self) -> list[Remembered]:
        """Oldest first."""
        return list(self._frames)

    def add(self, cues: FrameCues, said: Revision, score: float) -> None:
        """Adds the newest frame."""
        self._frames.append(Remembered(cues, said, score))

    def correct(self, said: Sequence[Revision], scores: Sequence[float]) -> None:
        """Replaces what is known of the newest frames, oldest first: another pose is believed now."""
        for i, (revision, score) in enumerate(zip(reversed(said), reversed(scores), strict=True), 1):
            if i <= len(self._frames):
                self._frames[-i] = replace(self._frames[-i], said=revision, score=score)


def backwards(later: FrameCues, earlier: FrameCues) -> FrameCues:
    """The cues of a frame in the video played backwards, in which it comes after the `later` one."""
    return replace(earlier, flow_source=later.flow_target, flow_target=later.flow_source)
