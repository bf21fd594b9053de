import threading

import pytest
from action_msgs.srv import CancelGoal
from control_msgs.action import GripperCommand
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from rhov_core.nodes import ThreadSafeActionClient, latched_qos, stream_qos

NAME = "grip"


@pytest.fixture
def client(ros):
    return ThreadSafeActionClient(ros.add(Node("client")), GripperCommand, NAME)


def serve(ros, answer):
    """What an action server is made of, with the answer to the question for a result in the hands of the test."""
    node, group = ros.add(Node("server")), ReentrantCallbackGroup()
    kinds = {"send_goal": GripperCommand.Impl.SendGoalService, "cancel_goal": CancelGoal}
    for name, kind in kinds.items():
        node.create_service(kind, f"{NAME}/_action/{name}", lambda _, response: response)
    result = GripperCommand.Impl.GetResultService
    node.create_service(result, f"{NAME}/_action/get_result", answer, callback_group=group)
    node.create_publisher(GripperCommand.Impl.FeedbackMessage, f"{NAME}/_action/feedback", stream_qos())
    node.create_publisher(GripperCommand.Impl.GoalStatusMessage, f"{NAME}/_action/status", latched_qos())


def test_a_server_whose_answers_do_not_arrive_is_not_there(ros, client):
    may_answer = threading.Event()

    def answer(request, response):
        may_answer.wait(10)
        return response

    serve(ros, answer)
    assert ros.wait_for(client.server_is_ready)
    assert not client.wait_for_server(0.3)
    may_answer.set()
    assert client.wait_for_server(10)


def test_a_server_that_answers_is_found_and_sees_no_goal(ros, client):
    goals = []
    assert not client.wait_for_server(0.2)
    server = ActionServer(ros.add(Node("server")), GripperCommand, NAME, lambda handle: GripperCommand.Result())
    server.register_handle_accepted_callback(goals.append)
    assert client.wait_for_server(10)
    assert goals == []
    accepted = client.send_goal_async(GripperCommand.Goal())
    assert ros.wait_for(accepted.done) and accepted.result().accepted
    assert len(goals) == 1
    server.destroy()
