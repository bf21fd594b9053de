"""A planned motion sent to a robot through trajectory goals and gripper goals, recorded and judged."""

from franka_imitation.replay.client import ReplayError, RobotClient
from franka_imitation.replay.in_simulation import replay_in_simulation
from franka_imitation.replay.local_client import LocalClient
from franka_imitation.replay.outcome import ReplayOutcome, judged
from franka_imitation.replay.replayer import ReplayConfig, Replayed, Replayer

__all__ = [
    "LocalClient",
    "ReplayConfig",
    "ReplayError",
    "ReplayOutcome",
    "Replayed",
    "Replayer",
    "RobotClient",
    "judged",
    "replay_in_simulation",
]
