"""An action client whose answers are never lost between threads."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.action import ActionClient
from rclpy.task import Future


class ThreadSafeActionClient(ActionClient):
    """Like `rclpy.action.ActionClient`, for nodes that wait for answers in one thread and receive them in another.

    rclpy notes a request only after it was sent; an answer that another thread takes in between is dropped as
    unexpected, and its future never ends (rclpy issue 1123). Here nothing is taken while a request is being sent.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._sending = threading.RLock()
        super().__init__(*args, **kwargs)

    def send_goal_async(self, *args: Any, **kwargs: Any) -> Future:
        """See rclpy."""
        with self._sending:
            return super().send_goal_async(*args, **kwargs)

    def _cancel_goal_async(self, *args: Any, **kwargs: Any) -> Future:
        with self._sending:
            return super()._cancel_goal_async(*args, **kwargs)

    def _get_result_async(self, *args: Any, **kwargs: Any) -> Future:
        with self._sending:
            return super()._get_result_async(*args, **kwargs)

    def take_data(self) -> Any:
        """See rclpy; called by the executor."""
        with self._sending:
            return super().take_data()
