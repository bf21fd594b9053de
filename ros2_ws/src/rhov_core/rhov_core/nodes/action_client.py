"""An action client whose answers are never lost, neither between threads nor while nodes find each other."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.task import Future

LOOK_PERIOD = 0.05
"""How often the server is looked for [s]."""
ASK_PERIOD = 0.5
"""How often it is asked whether its answers arrive [s]."""


class ThreadSafeActionClient(ActionClient):
    """Like `rclpy.action.ActionClient`, for nodes that wait for answers in one thread and receive them in another.

    rclpy notes a request only after it was sent; an answer that another thread takes in between is dropped as
    unexpected, and its future never ends (rclpy issue 1123). Here nothing is taken while a request is being sent.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._sending = threading.RLock()
        super().__init__(*args, **kwargs)

    def wait_for_server(self, timeout_sec: float | None = None) -> bool:
        """Waits until goals can be sent and their answers arrive; False when the time is over.

        Nodes do not find each other at the same moment: a server that has not found this client yet takes its goal
        and loses the answer, as rmw_fastrtps keeps it for 0.1 s only (rmw_fastrtps issue 842). So the server is asked
        for the result of a goal that nobody sent, which changes nothing, until it answers. Where that is heard,
        the answers to goals are too: they are found in the order in which rcl makes them, those to goals first.

        Callbacks must run in another thread meanwhile.

        Args:
            timeout_sec: How long to wait [s]; None: without end.
        """
        end, next_question = time.monotonic() + (math.inf if timeout_sec is None else timeout_sec), 0.0
        answered = threading.Event()
        while self._node.context.ok() and not answered.is_set():
            now = time.monotonic()
            if now > end:
                return False
            if now >= next_question and self.server_is_ready():
                nobodys = ClientGoalHandle(self, self._generate_random_uuid(), None)
                self._get_result_async(nobodys).add_done_callback(lambda _: answered.set())
                next_question = now + ASK_PERIOD
            answered.wait(min(LOOK_PERIOD, end - now))
        return answered.is_set()

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
