"""What all tests share: the environment of RHOV's processes, checked ROS messages, and a ROS context of their own."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

from rhov import environment

environment.apply()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and their children, ignore it
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"  # a wrongly typed field raises here instead of aborting at publish
# one domain per worker and run, so that tests that run at the same time do not hear each other
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
os.environ["ROS_DOMAIN_ID"] = str(1 + (7 * os.getppid() + _WORKER) % 100)

import pytest  # noqa: E402  the environment comes first
import rclpy  # noqa: E402
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.signals import SignalHandlerOptions  # noqa: E402


class RosWorld:
    """A ROS context with an executor in the background."""

    def __init__(self) -> None:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # SIGINT stays with the tests
        self._executor = MultiThreadedExecutor(2)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._nodes: list[Node] = []
        self._thread.start()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def add(self, node: Node) -> Node:
        """Runs a node's callbacks; it is destroyed with the world."""
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def wait_for(self, condition: Callable[[], object], seconds: float = 10.0) -> bool:
        """Waits until the condition is true; False when the time is over."""
        event, waited = threading.Event(), 0.0
        while waited < seconds:
            if condition():
                return True
            event.wait(0.01)
            waited += 0.01
        return bool(condition())

    def close(self) -> None:
        """Ends everything."""
        self._executor.shutdown()
        self._thread.join(5)
        for node in self._nodes:
            node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def ros() -> Iterator[RosWorld]:
    """A fresh ROS context for one test."""
    world = RosWorld()
    yield world
    world.close()


@pytest.fixture(scope="module")
def shared_ros() -> Iterator[RosWorld]:
    """One ROS context for all tests of a file that talk to the same node."""
    world = RosWorld()
    yield world
    world.close()
