"""What an interrupted training by PPO goes on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rhov_core.errors import InputError
from rhov_core.files import atomic_path, output_directory

STATE = "ppo.pt"


class PpoCheckpoint:
    """The state after the last update: weights, optimiser, learning rate and figures.

    Episodes are not kept: where a training goes on, they begin anew.

    Args:
        folder: Where; may hold other checkpoints.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, state: dict[str, Any], history: list[dict[str, Any]]) -> None:
        """Replaces what was kept, at once: a process that is killed leaves the old or the new state."""
        output_directory(self._folder)
        with atomic_path(self._folder / STATE) as partial:
            torch.save({"state": state, "history": history}, partial)

    def load(self) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """State and history; None and nothing where no update was finished. Nothing in the file is executed.

        Raises:
            InputError: If the file is damaged.
        """
        path = self._folder / STATE
        if not path.is_file():
            return None, []
        try:
            content = torch.load(path, weights_only=True)
            return dict(content["state"]), list(content["history"])
        except Exception as error:  # torch raises several kinds for damaged files
            text = str(error).splitlines()[0]
            raise InputError(
                f"the checkpoint '{path}' cannot be read ({text})",
                "what `rhov train` wrote",
                "remove the folder to begin anew",
            ) from error
