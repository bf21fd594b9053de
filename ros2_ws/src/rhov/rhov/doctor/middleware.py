"""Python and ROS 2."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
import threading
from importlib.util import find_spec

from rhov.doctor.finding import Finding

SECONDS = 5.0
"""How long a message may take from a publisher to a subscription in the same process."""
INTERFACES = ("rhov_msgs", "control_msgs", "tf2_msgs")


def ros_findings() -> list[Finding]:
    """Python, ROS 2, its middleware, the interface packages and launch."""
    version = ".".join(map(str, sys.version_info[:3]))
    supported = (3, 11) <= sys.version_info[:2] <= (3, 12)
    python = Finding(
        "Python", supported, f"{version} ({sys.prefix})", "" if supported else "use 3.11 or 3.12", required=True
    )
    return [python, _ros(), _middleware(), *map(_interface, INTERFACES), _launch()]


def _ros() -> Finding:
    if find_spec("rclpy") is None:
        return Finding("ROS 2", False, "rclpy cannot be imported", "start through ./run, which installs it", True)
    if distro := os.environ.get("ROS_DISTRO"):
        prefix = os.environ.get("AMENT_PREFIX_PATH", "").split(":")[-1]
        means = "" if distro == "jazzy" else "RHOV is made for Jazzy"
        return Finding("ROS 2", distro == "jazzy", f"{distro} of this machine ({prefix})", means, required=True)
    version = importlib.metadata.version("ros-jazzy-rclpy")
    return Finding("ROS 2", True, f"Jazzy from wheels (rclpy {version})", "the nodes run without a system ROS")


def _middleware() -> Finding:
    try:
        name, seconds = _round_trip()
    except Exception as error:  # whatever a broken installation raises
        return Finding("middleware", False, f"{type(error).__name__}: {error}", "nodes cannot run", required=True)
    if seconds is None:
        means = "nodes would not hear each other: check shared memory (/dev/shm) and ROS_* variables"
        return Finding("middleware", False, f"{name} lost a message", means, required=True)
    return Finding("middleware", True, f"{name}, domain {os.environ.get('ROS_DOMAIN_ID', '0')}")


def _round_trip() -> tuple[str, float | None]:
    """Name of the middleware, and how long a message took [s]; None if it did not arrive."""
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from std_msgs.msg import Empty

    from rhov_core.nodes import latched_qos

    context, arrived = Context(), threading.Event()
    rclpy.init(context=context)
    try:
        node = Node("doctor", namespace=f"/rhov_doctor_{os.getpid()}", context=context)
        node.create_subscription(Empty, "ping", lambda _: arrived.set(), latched_qos())
        node.create_publisher(Empty, "ping", latched_qos()).publish(Empty())
        executor, waited = SingleThreadedExecutor(context=context), 0.0
        executor.add_node(node)
        started = node.get_clock().now()
        while not arrived.is_set() and waited < SECONDS:
            executor.spin_once(timeout_sec=0.1)
            waited = (node.get_clock().now() - started).nanoseconds * 1e-9
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)
    return rclpy.get_rmw_implementation_identifier(), waited if arrived.is_set() else None


def _interface(name: str) -> Finding:
    try:
        module = importlib.import_module(f"{name}.msg")
    except ImportError as error:
        return Finding(name, False, str(error), "build it: ./run setup, or colcon build in ros2_ws", required=True)
    return Finding(name, True, os.path.dirname(str(module.__file__)))


def _launch() -> Finding:
    found = find_spec("launch_ros") is not None
    detail = "launch_ros" if found else "launch_ros is not installed"
    return Finding("ros2 launch", found, detail, "" if found else "`rhov pipeline` starts the same nodes without it")
