import signal
import subprocess
import sys

import pytest
from rclpy.node import Node
from rosbags.rosbag2 import Reader
from std_msgs.msg import String

from rhov_core.nodes import estimate_qos, stream_qos

TOPICS = ["early std_msgs/msg/String latched", "plain std_msgs/msg/String latched", "stream std_msgs/msg/String"]


@pytest.fixture
def recorder(tmp_path):
    """Starts the recorder when it is called."""
    running = []

    def start():
        command = [sys.executable, "-m", "rhov.nodes.bag_recorder", "--ros-args", "-p", f"path:={tmp_path / 'bag'}"]
        topics = "[" + ", ".join(f"'{topic}'" for topic in TOPICS) + "]"
        running.append(subprocess.Popen([*command, "-p", f"topics:={topics}"]))
        return running[0]

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_early_messages_and_the_last_ones_are_in_the_bag(ros, recorder, tmp_path):
    node = ros.add(Node("source"))
    early = node.create_publisher(String, "early", estimate_qos())
    for number in range(20):
        early.publish(String(data=f"before {number}"))
    plain = node.create_publisher(String, "plain", stream_qos())  # of a program that keeps nothing for latecomers
    stream = node.create_publisher(String, "stream", stream_qos(depth=200))
    process = recorder()
    publishers = early, plain, stream
    assert ros.wait_for(lambda: all(p.get_subscription_count() for p in publishers), 60)
    plain.publish(String(data="plain"))
    for number in range(100):
        stream.publish(String(data=str(number)))
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    with Reader(tmp_path / "bag") as bag:
        counts = {connection.topic: connection.msgcount for connection in bag.connections}
    assert counts == {"/early": 20, "/plain": 1, "/stream": 100}
