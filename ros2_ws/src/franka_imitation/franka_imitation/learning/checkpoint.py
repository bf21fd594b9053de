"""What an interrupted training goes on from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from franka_imitation.learning.dagger import Lessons
from franka_imitation.learning.policy import PolicyNetwork
from rhov_core.errors import InputError
from rhov_core.files import atomic_path, output_directory

_STATE = "state.pt"


class Checkpoint:
    """A folder with the lessons of each finished round, the network and its optimiser.

    Args:
        folder: Where.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(
        self,
        number: int,
        network: PolicyNetwork,
        optimiser: torch.optim.Optimizer,
        lessons: Lessons,
        history: list[dict[str, Any]],
    ) -> None:
        """Keeps a finished round. The state is written last: what is there is complete."""
        output_directory(self._folder)
        with atomic_path(self._lessons(number)) as partial:
            save_file({"observations": lessons.observations, "actions": lessons.actions}, str(partial))
        with atomic_path(self._folder / _STATE) as partial:
            content = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "history": history}
            torch.save(content, partial)

    def load(
        self, network: PolicyNetwork, optimiser: torch.optim.Optimizer
    ) -> tuple[list[Lessons], list[dict[str, Any]]]:
        """Restores network and optimiser, and returns the lessons and the history of the finished rounds.

        Raises:
            InputError: If the files are damaged.
        """
        path = self._folder / _STATE
        if not path.is_file():
            return [], []
        try:
            state = torch.load(path, weights_only=True)
            network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
            history = list(state["history"])
            lessons = [Lessons(**load_file(str(self._lessons(number)))) for number in range(len(history))]
        except Exception as error:  # torch and safetensors raise several kinds for damaged files
            text = str(error).splitlines()[0]
            raise InputError(
                f"the checkpoint '{self._folder}' cannot be read ({text})",
                "what `rhov train` wrote",
                "remove the folder to begin anew",
            ) from error
        return lessons, history

    def remove(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _lessons(self, number: int) -> Path:
        return self._folder / f"round_{number:03d}.safetensors"
