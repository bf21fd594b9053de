"""The controllers' two actions: goals in, feedback on the way, a result at the end."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from control_msgs.action import FollowJointTrajectory, GripperCommand
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from franka_imitation.controller.gripper_controller import GripperOutcome
from franka_imitation.controller.joint_trajectory_controller import SUCCESSFUL, Outcome
from franka_imitation.controller.loop import ControlLoop, Cycle
from franka_imitation.nodes.control_messages import feedback_to_msg, goal_from_msg, outcome_to_msg

_CANCEL_SECONDS = 2.0
_RESULT_TIMEOUT = 5
"""An outcome is kept so long for a client that asks late [s]; with all those kept, each status message grows."""


class _Pending:
    """A goal that waits for its outcome in a thread of the executor."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._outcome: Any = None

    def end(self, outcome: Any) -> None:
        self._outcome = outcome
        self._done.set()

    def wait(self) -> Any:
        """The outcome, or None if the node ends first."""
        self._done.wait()
        return self._outcome


class _GoalServer(ABC):
    """What both actions have in common: each goal gets a number from the loop and ends with an outcome."""

    def __init__(self, node: Node, loop: ControlLoop, action_type: Any, name: str) -> None:
        self._node, self._loop, self._name = node, loop, name
        self._pending: dict[int, _Pending] = {}
        self._numbers: dict[bytes, int] = {}
        self._handles: dict[int, ServerGoalHandle] = {}
        self._server = ActionServer(
            node,
            action_type,
            name,
            execute_callback=self._execute,
            goal_callback=self._judge,
            handle_accepted_callback=self._accept,
            cancel_callback=self._cancel,
            callback_group=ReentrantCallbackGroup(),
            result_timeout=_RESULT_TIMEOUT,
        )

    def close(self) -> None:
        """Lets the threads go that wait for outcomes."""
        for pending in list(self._pending.values()):
            pending.end(None)

    def _judge(self, request: Any) -> GoalResponse:
        reason = self._refusal(request)
        if reason:
            self._node.get_logger().warning(f"A goal on '{self._name}' was refused: {reason}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _accept(self, handle: ServerGoalHandle) -> None:
        pending = _Pending()
        with self._loop.between_cycles():
            number = self._start(handle.request)
            self._pending[number] = pending
            self._numbers[bytes(handle.goal_id.uuid)] = number
            self._handles[number] = handle
        handle.execute()

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        number = self._numbers.get(bytes(handle.goal_id.uuid))
        if number is not None:
            self._stop(number)
        return CancelResponse.ACCEPT

    def _execute(self, handle: ServerGoalHandle) -> Any:
        number = self._numbers[bytes(handle.goal_id.uuid)]
        outcome = self._pending[number].wait()
        del self._pending[number], self._numbers[bytes(handle.goal_id.uuid)], self._handles[number]
        if outcome is None:
            handle.abort()
            return self._result(None)
        if outcome.cancelled and self._is_cancelling(handle):
            handle.canceled()
        elif self._succeeded(outcome):
            handle.succeed()
        else:
            if not self._replaced(outcome):
                self._node.get_logger().warning(f"A goal on '{self._name}' failed: {outcome.message}")
            handle.abort()
        return self._result(outcome)

    def _is_cancelling(self, handle: ServerGoalHandle) -> bool:
        """Whether the goal's state has followed; the outcome may be known before the client's wish is recorded."""
        waited, step = 0.0, threading.Event()
        while not handle.is_cancel_requested and waited < _CANCEL_SECONDS:
            step.wait(0.01)
            waited += 0.01
        return bool(handle.is_cancel_requested)

    def _end(self, outcomes: Iterable[Any]) -> None:
        for outcome in outcomes:
            pending = self._pending.get(outcome.goal_id)
            if pending:
                pending.end(outcome)

    @abstractmethod
    def _refusal(self, request: Any) -> str | None: ...

    @abstractmethod
    def _start(self, request: Any) -> int: ...

    @abstractmethod
    def _stop(self, number: int) -> None: ...

    @abstractmethod
    def _succeeded(self, outcome: Any) -> bool: ...

    @abstractmethod
    def _replaced(self, outcome: Any) -> bool: ...

    @abstractmethod
    def _result(self, outcome: Any) -> Any: ...


class FollowServer(_GoalServer):
    """`<controller>/follow_joint_trajectory`."""

    def __init__(self, node: Node, loop: ControlLoop, controller: str) -> None:
        super().__init__(node, loop, FollowJointTrajectory, f"{controller}/follow_joint_trajectory")

    def on_cycle(self, cycle: Cycle, feedback_due: bool) -> None:
        """Ends goals and publishes feedback."""
        self._end(cycle.outcomes)
        handle = self._handles.get(cycle.progress.goal_id or 0)
        if handle is not None and feedback_due:
            handle.publish_feedback(feedback_to_msg(cycle, self._loop.backend.robot.joint_names))

    def _refusal(self, request: FollowJointTrajectory.Goal) -> str | None:
        if request.multi_dof_trajectory.points:
            return "Trajectories of several degrees of freedom per joint are not supported."
        return self._loop.refusal(goal_from_msg(request))

    def _start(self, request: FollowJointTrajectory.Goal) -> int:
        number, warning = self._loop.follow(goal_from_msg(request))
        if warning:
            self._node.get_logger().warning(warning)
        return number

    def _stop(self, number: int) -> None:
        self._loop.cancel_following(number)

    def _succeeded(self, outcome: Outcome) -> bool:
        return outcome.code == SUCCESSFUL and not outcome.cancelled

    def _replaced(self, outcome: Outcome) -> bool:
        return outcome.replaced

    def _result(self, outcome: Outcome | None) -> FollowJointTrajectory.Result:
        if outcome is None:
            return FollowJointTrajectory.Result(
                error_code=FollowJointTrajectory.Result.INVALID_GOAL, error_string="The controller has ended."
            )
        return outcome_to_msg(outcome)


class GripperServer(_GoalServer):
    """`<gripper>/gripper_action`."""

    def __init__(self, node: Node, loop: ControlLoop, gripper: str) -> None:
        super().__init__(node, loop, GripperCommand, f"{gripper}/gripper_action")

    def on_cycle(self, cycle: Cycle, feedback_due: bool) -> None:
        """Ends goals and publishes feedback."""
        self._end(cycle.gripper_outcomes)
        if feedback_due:
            for handle in list(self._handles.values()):
                handle.publish_feedback(GripperCommand.Feedback(position=cycle.state.width / 2))

    def _refusal(self, request: GripperCommand.Goal) -> str | None:
        return self._loop.gripper_refusal()

    def _start(self, request: GripperCommand.Goal) -> int:
        return self._loop.grip(request.command.position, request.command.max_effort)

    def _stop(self, number: int) -> None:
        self._loop.cancel_gripping(number)

    def _succeeded(self, outcome: GripperOutcome) -> bool:
        return outcome.success

    def _replaced(self, outcome: GripperOutcome) -> bool:
        return False

    def _result(self, outcome: GripperOutcome | None) -> GripperCommand.Result:
        if outcome is None:
            return GripperCommand.Result()
        return GripperCommand.Result(position=outcome.width / 2, stalled=outcome.stalled, reached_goal=outcome.reached)
