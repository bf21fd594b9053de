"""A node that gets a bad message says so once and goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from rclpy.node import Node

from rhov_core.errors import InputError

Message = TypeVar("Message")


class BadMessages:
    """Counts the messages that a node could not use and logs each kind of fault once per topic."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._seen: set[tuple[str, str]] = set()
        self.count: Counter[str] = Counter()
        """Bad messages so far, by topic."""

    def report(self, topic: str, error: InputError) -> None:
        """Counts a bad message and logs it unless this kind of fault was logged before."""
        self.count[topic] += 1
        if (topic, error.accepted) not in self._seen:
            self._seen.add((topic, error.accepted))
            self._node.get_logger().error(f"A message on '{topic}' was dropped, others like it silently: {error}")

    def guard(self, topic: str, callback: Callable[[Message], None]) -> Callable[[Message], None]:
        """The same subscription callback, with every `InputError` reported instead of raised."""

        def guarded(message: Message) -> None:
            try:
                callback(message)
            except InputError as error:
                self.report(topic, error)

        return guarded
