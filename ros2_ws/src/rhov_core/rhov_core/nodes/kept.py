"""Subscriptions that also get what was published before the two nodes found each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy

from rhov_core.nodes.qos import latched_qos, stream_qos

LOOK_PERIOD = 0.05
"""The publisher is looked for so often [s]."""


def subscribe_to_kept(
    node: Node, kind: type, topic: str, callback: Callable[[Any], None], depth: int, **options: Any
) -> None:
    """Subscribes once a publisher is there, and asks it for what it keeps for late subscribers (`estimate_qos`).

    The subscription is only as durable as what is offered: a publisher that keeps nothing would send it nothing.

    Args:
        node: Has the subscription from then on.
        kind: Message type.
        topic: Relative names are resolved in the node's namespace.
        callback: Receives the messages.
        depth: Messages kept for a slow receiver, and asked for at first.
        options: Of `Node.create_subscription`, such as `callback_group` or `raw`.
    """
    steady = Clock(clock_type=ClockType.STEADY_TIME)  # a paused /clock shall not keep it from looking
    name = node.resolve_topic_name(topic)

    def look() -> None:
        if publishers := node.get_publishers_info_by_topic(name):
            timer.cancel()
            kept = all(p.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in publishers)
            qos = latched_qos(depth) if kept else stream_qos(depth=depth)
            node.create_subscription(kind, topic, callback, qos, **options)

    timer = node.create_timer(LOOK_PERIOD, look, callback_group=options.get("callback_group"), clock=steady)
