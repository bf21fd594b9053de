"""Bad messages and diagnostics, over real topics."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import Log
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rhov_core.messages import color_from_msg, mask_to_msg
from rhov_core.nodes import BadMessages, Diagnostics, stream_qos


@pytest.fixture
def listener(ros):
    """A node that reads images and keeps the good ones, and what it logged."""
    node, log = ros.add(Node("listener", namespace="/health")), []
    node.bad, node.good, node.log = BadMessages(node), [], log
    node.create_subscription(
        Image, "image", node.bad.guard("image", lambda m: node.good.append(color_from_msg(m))), stream_qos(depth=10)
    )
    node.create_subscription(Log, "/rosout", lambda m: m.name == "health.listener" and log.append(m.msg), 10)
    return node


def test_bad_messages_are_logged_once_per_kind_and_the_node_goes_on(ros, listener):
    publisher = listener.create_publisher(Image, "image", stream_qos(depth=10))
    assert ros.wait_for(lambda: publisher.get_subscription_count() == 1)
    wrong_encoding = Image(height=1, width=1, encoding="yuv422", step=2, data=b"ab")
    wrong_size = Image(height=1, width=1, encoding="bgr8", step=3, data=b"ab")
    for message in (wrong_encoding, wrong_encoding, wrong_size, wrong_size, wrong_encoding):
        publisher.publish(message)
    publisher.publish(Image(height=1, width=1, encoding="bgr8", step=3, data=b"abc"))
    assert ros.wait_for(lambda: listener.good)
    assert listener.bad.count == {"image": 5}
    assert ros.wait_for(lambda: len(listener.log) == 2)
    assert "yuv422" in listener.log[0]
    assert "2 bytes" in listener.log[1]


def test_errors_that_are_no_bad_message_are_not_swallowed(listener):
    def broken(message):
        raise KeyError("bug")

    with pytest.raises(KeyError):
        listener.bad.guard("image", broken)(mask_to_msg(None, Header()))


def test_diagnostics_report_rate_latency_values_and_bad_messages(ros, listener):
    reports = []
    listener.create_subscription(DiagnosticArray, "/diagnostics", reports.append, 10)
    diagnostics = Diagnostics(listener, listener.bad)
    diagnostics.show(state="tracked")
    diagnostics.frame(0.02)
    diagnostics.frame(0.05)
    assert ros.wait_for(lambda: reports, 5)
    status = reports[0].status[0]
    values = {value.key: value.value for value in status.values}
    assert (status.name, status.level, status.message) == ("/health/listener", DiagnosticStatus.OK, "running")
    assert values["longest_frame_ms"] == "50.0"
    assert float(values["frame_rate_hz"]) == pytest.approx(2, rel=0.5)
    assert values["state"] == "tracked"


def test_levels_follow_what_the_node_says(listener):
    diagnostics = Diagnostics(listener, listener.bad)
    diagnostics.warn("the object is lost")
    assert (diagnostics.status().level, diagnostics.status().message) == (DiagnosticStatus.WARN, "the object is lost")
    diagnostics.error("no mesh")
    assert diagnostics.status().level == DiagnosticStatus.ERROR
    diagnostics.ok()
    listener.bad.count["image"] += 3
    assert (diagnostics.status().level, diagnostics.status().message) == (
        DiagnosticStatus.WARN,
        "running; 3 bad messages",
    )
