"""The policy: a network with three hidden layers, and its folder, which is read without running anything in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.observation import observation_size
from franka_imitation.robot import JOINTS
from rhov_core.config import from_mapping
from rhov_core.errors import InputError
from rhov_core.files import atomic_path, read_json, write_json

HIDDEN = (256, 128, 64)
"""Units of the three hidden layers (paper, section 4.2)."""
NORMAL_LIMIT = 5.0
"""Normalised observations are limited to this, as rl-games does."""
SCHEMA_VERSION = 1
WEIGHTS, DESCRIPTION, PLAN = "policy.safetensors", "policy.json", "plan.npz"
_TODO = "give the folder of a `rhov train`"


class PolicyNetwork(nn.Module):
    """From observations to actions; it holds the mean and the scale of its observations.

    Args:
        observations: Length of an observation.
        actions: Length of an action.
    """

    def __init__(self, observations: int, actions: int = JOINTS + 1) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(observations))
        self.register_buffer("scale", torch.ones(observations))
        sizes = (observations, *HIDDEN)
        layers: list[nn.Module] = []
        for inside, outside in pairwise(sizes):
            layers += [nn.Linear(inside, outside), nn.ELU()]
        self.layers = nn.Sequential(*layers, nn.Linear(HIDDEN[-1], actions))

    def forward(self, observation: Tensor) -> Tensor:
        """Actions (N, A), not limited, of observations (N, O)."""
        return self.layers(((observation - self.mean) / self.scale).clamp(-NORMAL_LIMIT, NORMAL_LIMIT))

    def normalise(self, observations: Tensor) -> None:
        """Takes mean and scale from many observations (M, O)."""
        self.mean = observations.mean(0)
        self.scale = observations.std(0) + 0.02  # what hardly changes in training must not explode later


@dataclass(frozen=True)
class Policy:
    """A trained network and the task that it was trained for."""

    network: PolicyNetwork
    task: TaskConfig
    robot: str
    """Name of the robot, or its YAML file."""
    object_name: str

    def __call__(self, observation: Tensor) -> Tensor:
        """Actions (N, 8) in [-1, 1] of observations (N, O)."""
        with torch.inference_mode():
            return self.network(observation).clamp(-1, 1)

    def save(self, directory: Path) -> None:
        """Writes policy.safetensors and policy.json."""
        with atomic_path(directory / WEIGHTS) as partial:
            partial.write_bytes(save({name: value.contiguous() for name, value in self.network.state_dict().items()}))
        content = {
            "schema": SCHEMA_VERSION,
            "robot": self.robot,
            "object": self.object_name,
            "task": asdict(self.task),
            "hidden": list(HIDDEN),
        }
        write_json(directory / DESCRIPTION, content)

    @classmethod
    def load(cls, directory: str | Path) -> Policy:
        """Reads what `save` wrote. Nothing in the files is executed.

        Raises:
            InputError: If a file is missing, damaged, or of another schema.
        """
        folder = Path(directory)
        content = read_json(folder / DESCRIPTION)
        if not isinstance(content, dict) or content.get("schema") != SCHEMA_VERSION:
            raise InputError(f"'{folder / DESCRIPTION}' is no policy", f"schema {SCHEMA_VERSION}", _TODO)
        try:
            task = from_mapping(TaskConfig, content["task"])
            network = PolicyNetwork(observation_size(task))
            network.load_state_dict(load_file(str(folder / WEIGHTS)))
            policy = cls(network.eval(), task, str(content["robot"]), str(content["object"]))
        except (OSError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            text = str(error).splitlines()[0]
            raise InputError(f"'{folder}' is no policy ({text})", f"{DESCRIPTION} and {WEIGHTS}", _TODO) from error
        if not all(value.isfinite().all() for value in network.state_dict().values()):
            raise InputError(f"the weights in '{folder / WEIGHTS}' are not finite", "finite weights", "train again")
        return policy
