"""What a node says about its health on `/diagnostics` (REP-107), once a second."""

from __future__ import annotations

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from rhov_core.nodes.bad_messages import BadMessages

PERIOD = 1.0
"""Seconds between two reports."""


class Diagnostics:
    """Rate and latency of a node's frames, its bad messages and whatever else it wants to show.

    Args:
        node: The node that reports.
        bad_messages: Their counts are reported too; any turns the level to WARN.
    """

    def __init__(self, node: Node, bad_messages: BadMessages | None = None) -> None:
        self._node, self._bad = node, bad_messages
        self._values: dict[str, str] = {}
        self._level, self._summary = DiagnosticStatus.OK, "running"
        self._frames, self._latency, self._since = 0, 0.0, time.monotonic()
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # steady, so that a paused /clock does not silence the report
        self._timer = node.create_timer(PERIOD, self._publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def frame(self, seconds: float) -> None:
        """Counts a processed frame.

        Args:
            seconds: How long processing it took.
        """
        self._frames += 1
        self._latency = max(self._latency, seconds)

    def show(self, **values: Any) -> None:
        """Adds or replaces values of the report."""
        self._values.update({key: str(value) for key, value in values.items()})

    def ok(self, summary: str = "running") -> None:
        """The node works."""
        self._level, self._summary = DiagnosticStatus.OK, summary

    def warn(self, summary: str) -> None:
        """The node works with restrictions (the object is lost, frames are dropped)."""
        self._level, self._summary = DiagnosticStatus.WARN, summary

    def error(self, summary: str) -> None:
        """The node does not work."""
        self._level, self._summary = DiagnosticStatus.ERROR, summary

    def status(self) -> DiagnosticStatus:
        """The report over the time since the last one."""
        elapsed = max(time.monotonic() - self._since, 1e-9)
        values = {
            "frame_rate_hz": f"{self._frames / elapsed:.2f}",
            "longest_frame_ms": f"{1e3 * self._latency:.1f}",
            **self._values,
        }
        level, summary = self._level, self._summary
        if self._bad is not None and (bad := self._bad.count.total()):
            values["bad_messages"] = str(bad)
            if level == DiagnosticStatus.OK:
                level, summary = DiagnosticStatus.WARN, f"{summary}; {bad} bad messages"
        return DiagnosticStatus(
            level=level,
            name=self._node.get_fully_qualified_name(),
            message=summary,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )

    def _publish(self) -> None:
        message = DiagnosticArray(status=[self.status()])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
        self._frames, self._latency, self._since = 0, 0.0, time.monotonic()
