"""Quality of service of RHOV's topics. Pass `qos_overriding_options=QOS_OVERRIDES` so that users can change it."""

from __future__ import annotations

from typing import Literal, get_args

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from rhov_core.errors import InputError

Reliability = Literal["reliable", "best_effort"]

QOS_OVERRIDES = QoSOverridingOptions.with_default_policies()
"""Lets users set history, depth and reliability: `qos_overrides.<topic>.<publisher or subscription>.<policy>`."""


def stream_qos(reliability: Reliability = "reliable", depth: int = 5) -> QoSProfile:
    """For images, estimates and other streams: keep the last `depth`, volatile.

    Args:
        reliability: "reliable" where no frame may be lost (lockstep, recording), "best_effort" for a live camera.
            A reliable subscription does not match a best-effort publisher; the other way round they match.
        depth: Messages kept for a slow receiver. 1 drops rather than lags.

    Raises:
        InputError: If the reliability is neither of the two.
    """
    if reliability not in get_args(Reliability):
        raise InputError(f"the reliability is '{reliability}'", " or ".join(get_args(Reliability)), "correct the word")
    policy = ReliabilityPolicy.RELIABLE if reliability == "reliable" else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=policy, durability=DurabilityPolicy.VOLATILE
    )


def latched_qos(depth: int = 1) -> QoSProfile:
    """For what late subscribers must still get (calibration, mesh, finished result): reliable, transient local."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


def estimate_qos(depth: int = 50) -> QoSProfile:
    """For publishers of what was seen in a frame: a recorder that is found late can ask for the last `depth`.

    Ordinary subscriptions (`stream_qos`) get only what comes after them.
    """
    return latched_qos(depth)
