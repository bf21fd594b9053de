"""Joins what two nodes say about the same frame."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from rhov_msgs.msg import HandEstimate, ObjectCues
from std_msgs.msg import Header

NANO = 1_000_000_000
HANDS_KEPT = 256


def nanoseconds(header: Header) -> int:
    """The stamp of a header [ns]: it identifies the frame."""
    return int(header.stamp.sec) * NANO + int(header.stamp.nanosec)


class FrameJoiner:
    """Holds object cues, in the order in which they come, until the hand of the same frame has come.

    Args:
        patience: How long cues wait for their hand [s].
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._hands: OrderedDict[int, HandEstimate] = OrderedDict()
        self._cues: deque[tuple[float, ObjectCues]] = deque()

    def __len__(self) -> int:
        return len(self._cues)

    def add_hand(self, message: HandEstimate) -> None:
        """Remembers a hand."""
        self._hands[nanoseconds(message.header)] = message
        while len(self._hands) > HANDS_KEPT:
            self._hands.popitem(last=False)

    def add_cues(self, message: ObjectCues, now: float) -> None:
        """Appends the cues of a frame.

        Args:
            message: The cues.
            now: A monotonic time [s].
        """
        self._cues.append((now, message))

    def ready(self, now: float, hands_come: bool) -> Iterator[tuple[ObjectCues, HandEstimate | None]]:
        """Removes and yields the frames at the head of the queue that need not wait any longer.

        Args:
            now: A monotonic time [s].
            hands_come: Whether anyone publishes hands.
        """
        while self._cues:
            since, message = self._cues[0]
            hand = self._hands.pop(nanoseconds(message.header), None)
            if hand is None and hands_come and now - since < self._patience:
                return
            self._cues.popleft()
            yield message, hand
