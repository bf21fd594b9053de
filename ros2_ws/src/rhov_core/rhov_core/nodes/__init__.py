"""What all RHOV nodes have in common: parameters, QoS, bad messages, diagnostics, start and end.

The nodes of the other packages are built from these parts; the only other place in the libraries that knows ROS is
`rhov_core.messages`.
"""

from rhov_core.nodes.action_client import ThreadSafeActionClient
from rhov_core.nodes.bad_messages import BadMessages
from rhov_core.nodes.diagnostics import Diagnostics
from rhov_core.nodes.kept import subscribe_to_kept
from rhov_core.nodes.parameters import declare_config
from rhov_core.nodes.qos import QOS_OVERRIDES, estimate_qos, latched_qos, stream_qos
from rhov_core.nodes.running import StopNode, run_node

__all__ = [
    "QOS_OVERRIDES",
    "BadMessages",
    "Diagnostics",
    "StopNode",
    "ThreadSafeActionClient",
    "declare_config",
    "estimate_qos",
    "latched_qos",
    "run_node",
    "stream_qos",
    "subscribe_to_kept",
]
