"""Goals of an action, each in place of the one before, until anybody else ends one."""

from __future__ import annotations

import threading

from action_msgs.msg import GoalStatus
from rclpy.task import Future

from franka_imitation.controller.goal import TrajectoryGoal
from franka_imitation.controller.joint_trajectory_controller import REPLACED
from franka_imitation.nodes.control_messages import goal_to_msg
from rhov_core.nodes import ThreadSafeActionClient


class GoalStream:
    """One stream at a time.

    A goal that its successor replaces is ended by the controller with the words `REPLACED`; that is expected. A goal
    that is refused, or that ends without success and without these words, ends the stream for good: that a successor
    was sent does not tell why it ended, for whoever stops the robot may recover it before the next goal arrives.

    Args:
        client: Of the trajectory controller.
        timeout: For the controller to take a goal [s].
    """

    def __init__(self, client: ThreadSafeActionClient, timeout: float) -> None:
        self._client, self._timeout = client, timeout
        self._lock, self._taken = threading.Lock(), threading.Event()
        self._number = self._first = 0
        self._ended: str | None = None

    def send(self, goal: TrajectoryGoal, *, anew: bool) -> str | None:
        """Sends a goal once the one before was taken; `anew` begins another stream. Returns why not, or None."""
        if not anew and not self._taken.wait(self._timeout):
            return f"the controller has not answered for {self._timeout:g} s."
        with self._lock:
            if anew:
                self._ended, self._first = None, self._number + 1
            if self._ended:
                return self._ended
            self._number += 1
            number = self._number
            self._taken.clear()
        sent = self._client.send_goal_async(goal_to_msg(goal))
        sent.add_done_callback(lambda future: self._on_answer(number, future))
        return None

    def _on_answer(self, number: int, future: Future) -> None:
        handle = future.result()
        if handle.accepted:
            handle.get_result_async().add_done_callback(lambda ended: self._on_end(number, ended))
        else:
            self._end(number, "a goal was rejected; the controller's log says why. If it was stopped, call recover.")
        self._taken.set()

    def _on_end(self, number: int, future: Future) -> None:
        answer = future.result()
        replaced = number != self._number and answer.result.error_string == REPLACED
        if answer.status != GoalStatus.STATUS_SUCCEEDED and not replaced:
            self._end(number, answer.result.error_string or f"status {answer.status}")

    def _end(self, number: int, reason: str) -> None:
        with self._lock:
            if number >= self._first:
                self._ended = self._ended or reason
