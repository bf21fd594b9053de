"""Which of the detected hands is the one that we follow."""

from __future__ import annotations

from collections import deque

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.cues import Side
from rhov_perception.hand.detector import HandDetection

_MEMORY = 60
"""Number of good frames whose sizes a new detection is compared with."""
_SIZE_JUMP = 1.6
"""A hand that is larger or smaller than the track by this factor is not the same hand."""
_REACH = 1.0
"""How far the hand moves between frames at most, in its own sizes; grows with the frames since it was seen."""
_SIZE_PATIENCE = 8
"""After this many frames without a fitting detection a hand of any size may continue the track: it may have started
with a detection that was too small."""
_PATIENCE = 60
"""After this many frames without a fitting detection any hand may start the track anew."""


class HandTrack:
    """Follows one hand through a clip by place and size.

    Args:
        preferred: The side to start with if several hands are seen; None for the nearest hand.
    """

    def __init__(self, preferred: Side | None = None) -> None:
        self._preferred = preferred
        self._sizes: deque[float] = deque(maxlen=_MEMORY)
        self._centre = np.zeros(2)
        self._frame_index = 0

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
            return moved if gap > _SIZE_PATIENCE else max(moved, resized)

        best = min(detections, key=distance, default=None)
        return best if best is not None and distance(best) < 1 else None

    def accept(self, detection: HandDetection, frame_index: int) -> None:
        """Continues the track with a detection that could be fitted."""
        if frame_index - self._frame_index > _SIZE_PATIENCE:
            self._sizes.clear()
        self._sizes.append(detection.size)
        self._centre, self._frame_index = _centre(detection), frame_index

    def _first_choice(self, detection: HandDetection) -> float:
        """The nearest hand, of the preferred side if there is one."""
        return detection.size * detection.score * (10.0 if detection.side == self._preferred else 1.0)


def _centre(detection: HandDetection) -> FloatArray:
    """(2,) middle of the palm [pixel]."""
    return detection.keypoints[[0, 5, 9, 13, 17]].mean(0)
