"""The frames that were tracked so far."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from std_msgs.msg import Header

from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState
from rhov_optimizer.track_record import TrackRecord


@dataclass(frozen=True)
class TrackedFrame:
    """One frame."""

    header: Header
    """Of the source image."""
    record: TrackRecord
    estimate: ObjectEstimate


class TrackBuffer:
    """Frames in order; safe to use from several threads.

    Args:
        most: How many frames are held; the oldest go first.
    """

    def __init__(self, most: int) -> None:
        self._frames: deque[TrackedFrame] = deque(maxlen=most)
        self._lock = threading.Lock()
        self._received = 0

    @property
    def received(self) -> int:
        """Frames since the last `clear`, with those that are no longer held."""
        return self._received

    @property
    def dropped(self) -> int:
        """Frames that are no longer held."""
        return self._received - len(self._frames)

    def append(self, frame: TrackedFrame) -> None:
        """Adds the newest frame."""
        with self._lock:
            self._frames.append(frame)
            self._received += 1

    def clear(self) -> None:
        """Forgets all frames."""
        with self._lock:
            self._frames.clear()
            self._received = 0

    def newest(self, count: int | None = None) -> list[TrackedFrame]:
        """The last `count` frames in order; all without a count."""
        with self._lock:
            frames = list(self._frames)
        return frames if count is None else frames[-count:]

    def tracked(self) -> bool:
        """Whether the object was found in any frame."""
        return any(frame.estimate.state != ObjectState.LOST for frame in self.newest())
