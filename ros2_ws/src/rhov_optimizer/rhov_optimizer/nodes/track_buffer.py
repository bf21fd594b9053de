"""The frames that were tracked so far."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from std_msgs.msg import Header

from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking import Revision


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

    def revise(self, revised: Sequence[Revision]) -> None:
        """Replaces what was said about the newest frames, oldest first; frames no longer held are left out."""
        with self._lock:
            for i, (estimate, record) in enumerate(reversed(revised), 1):
                if i <= len(self._frames):
                    self._frames[-i] = TrackedFrame(self._frames[-i].header, record, estimate)

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
