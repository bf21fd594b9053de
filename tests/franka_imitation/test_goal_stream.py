"""A stream of goals whose answers come late, as on a busy machine."""

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from rclpy.task import Future

from franka_imitation.controller.goal import GoalPoint, TrajectoryGoal
from franka_imitation.controller.joint_trajectory_controller import REPLACED
from franka_imitation.nodes.goal_stream import GoalStream

GOAL = TrajectoryGoal(("a",), (GoalPoint(0.1, np.zeros(1), np.zeros(1)),), stamp=0.0)


class Accepted:
    """A goal that a controller follows until `end`."""

    accepted = True

    def __init__(self):
        self._ended = Future()

    def get_result_async(self):
        return self._ended

    def end(self, status, text, code=FollowJointTrajectory.Result.INVALID_GOAL):
        result = FollowJointTrajectory.Result(error_code=code, error_string=text)
        self._ended.set_result(FollowJointTrajectory.Impl.GetResultService.Response(status=status, result=result))


class Controller:
    """Takes every goal at once."""

    def __init__(self):
        self.goals = []

    def send_goal_async(self, goal):
        self.goals.append(Accepted())
        answer = Future()
        answer.set_result(self.goals[-1])
        return answer


@pytest.fixture
def controller():
    return Controller()


@pytest.fixture
def stream(controller):
    stream = GoalStream(controller, 1.0)
    assert stream.send(GOAL, anew=True) is None
    assert stream.send(GOAL, anew=False) is None
    return stream


def test_a_goal_that_was_replaced_ends_nothing(controller, stream):
    controller.goals[0].end(GoalStatus.STATUS_ABORTED, REPLACED)
    assert stream.send(GOAL, anew=False) is None


def test_a_stop_counts_though_its_news_come_after_the_next_goal(controller, stream):
    controller.goals[0].end(GoalStatus.STATUS_ABORTED, "Emergency stop was called.")
    assert stream.send(GOAL, anew=False) == "Emergency stop was called."
    assert stream.send(GOAL, anew=False) == "Emergency stop was called."


def test_a_broken_tolerance_counts_too(controller, stream):
    code = FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED
    controller.goals[0].end(GoalStatus.STATUS_ABORTED, "joint a left its path", code)
    assert stream.send(GOAL, anew=False) == "joint a left its path"


def test_another_stream_forgets_the_stop_of_the_one_before(controller, stream):
    controller.goals[0].end(GoalStatus.STATUS_ABORTED, "Emergency stop was called.")
    assert stream.send(GOAL, anew=True) is None
    controller.goals[1].end(GoalStatus.STATUS_ABORTED, REPLACED)
    assert stream.send(GOAL, anew=False) is None
