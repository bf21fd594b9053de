import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy
from std_msgs.msg import String

from rhov_core.errors import InputError
from rhov_core.nodes import QOS_OVERRIDES, latched_qos, stream_qos


def test_latched_messages_reach_late_subscribers_and_streams_do_not(ros):
    node, latched, streamed, marks = ros.add(Node("a")), [], [], []
    node.create_publisher(String, "latched", latched_qos()).publish(String(data="kept"))
    stream = node.create_publisher(String, "stream", stream_qos())
    stream.publish(String(data="gone"))
    node.create_subscription(String, "stream", streamed.append, stream_qos())
    node.create_subscription(String, "latched", latched.append, latched_qos())
    assert ros.wait_for(lambda: latched and stream.get_subscription_count() == 1)
    stream.publish(String(data="new"))
    assert ros.wait_for(lambda: streamed)
    assert [m.data for m in latched + streamed + marks] == ["kept", "new"]


def test_users_can_override_the_reliability(ros):
    override = Parameter("qos_overrides./image.publisher.reliability", value="best_effort")
    node = ros.add(Node("a", parameter_overrides=[override]))
    publisher = node.create_publisher(String, "image", stream_qos("reliable"), qos_overriding_options=QOS_OVERRIDES)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT


def test_unknown_reliability_is_refused():
    assert stream_qos("best_effort", depth=1).depth == 1
    with pytest.raises(InputError, match="besteffort"):
        stream_qos("besteffort")
