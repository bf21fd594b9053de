"""Which of the detected hands is the one that we follow, and whether it is a right or a left one."""

from __future__ import annotations

from collections import deque

import numpy as np

from rhov_core.cues import Side
from rhov_perception.hand.detector import HandDetection

_MEMORY = 60
"""Number of good frames whose sizes a new detection is compared with."""
_SIZE_JUMP = 1.6
"""A hand that is larger or smaller than the track by this factor is not the same hand."""
_REACH = 1.0
"""How far the hand moves between frames at most, in its own sizes; grows with the frames since it was seen."""
_PATIENCE = 60
"""After this many frames without a fitting detection any hand may start the track anew."""


class HandTrack:
    """Follows one hand through a clip.

    The detector mistakes sides while fingers are hidden, so the side is decided by the sum of its log-odds over
    the track, unless it is given.
    """

    def __init__(self, side: Side | None = None) -> None:
        """Args: side: Which hand to follow; None to vote."""
        self._given = side
        self._log_odds = 0.0
        self._sizes: deque[float] = deque(maxlen=_MEMORY)
        self._centre = np.zeros(2)
        self._frame_index = 0

    @property
    def side(self) -> Side:
        """The side so far."""
        return self._given or ("right" if self._log_odds >= 0 else "left")

    def choose(self, detections: list[HandDetection], frame_index: int) -> HandDetection | None:
        """The detection that continues the track, None if there is none; it counts once `accept` is called."""
        gap = frame_index - self._frame_index
        if not self._sizes or gap > _PATIENCE:
            return max(detections, key=self._first_choice, default=None)
        size = float(np.median(self._sizes))
        reach = _REACH * size * np.sqrt(max(gap, 1))

        def distance(detection: HandDetection) -> float:
            moved = float(np.linalg.norm(_centre(detection) - self._centre)) / reach
            resized = abs(np.log(detection.size / size)) / np.log(_SIZE_JUMP)
            return max(moved, resized)

        best = min(detections, key=distance, default=None)
        return best if best is not None and distance(best) < 1 else None

    def accept(self, detection: HandDetection, frame_index: int) -> None:
        """Continues the track with a detection that could be fitted."""
        if frame_index - self._frame_index > _PATIENCE:
            self._sizes.clear()
        self._sizes.append(detection.size)
        self._centre, self._frame_index = _centre(detection), frame_index
        score = min(max(detection.score, 0.5), 0.98)  # a single frame never decides
        self._log_odds += np.log(score / (1 - score)) * (1 if detection.side == "right" else -1)

    def _first_choice(self, detection: HandDetection) -> float:
        """The nearest hand, of the given side if there is one."""
        return detection.size * detection.score * (10.0 if detection.side == self._given else 1.0)


def _centre(detection: HandDetection) -> np.ndarray:
    return detection.keypoints[[0, 5, 9, 13, 17]].mean(0)
