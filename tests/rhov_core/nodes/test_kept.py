import pytest
from rclpy.node import Node
from std_msgs.msg import String

from rhov_core.nodes import estimate_qos, stream_qos, subscribe_to_kept


@pytest.mark.parametrize("first", ["publisher", "subscriber"])
def test_what_was_published_before_comes_too(ros, first):
    node, got = ros.add(Node("a", namespace="space")), []
    if first == "subscriber":
        subscribe_to_kept(node, String, "topic", lambda m: got.append(m.data), 10)
    publisher = node.create_publisher(String, "topic", estimate_qos())
    for number in range(5):
        publisher.publish(String(data=str(number)))
    if first == "publisher":
        subscribe_to_kept(node, String, "topic", lambda m: got.append(m.data), 10)
    assert ros.wait_for(lambda: len(got) == 5)
    publisher.publish(String(data="last"))
    assert ros.wait_for(lambda: len(got) == 6)
    assert got == ["0", "1", "2", "3", "4", "last"]


def test_a_publisher_that_keeps_nothing_is_heard_from_then_on(ros):
    node, got = ros.add(Node("a")), []
    subscribe_to_kept(node, String, "topic", lambda m: got.append(m.data), 10)
    publisher = node.create_publisher(String, "topic", stream_qos())
    assert ros.wait_for(publisher.get_subscription_count)
    publisher.publish(String(data="new"))
    assert ros.wait_for(lambda: got == ["new"])
