"""MuJoCo in a process of its own: `python -m franka_imitation.learning.workers.mujoco_worker FOLDER SOCKET`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mujoco

from .mujoco_batch import from_description
from .protocol import Workplaces, serve


def make(description: dict[str, Any], folder: str) -> Workplaces:
    """The simulator of a workplace."""
    return from_description(description, mujoco.MjModel.from_binary_path(str(Path(folder) / description["mujoco"])))


if __name__ == "__main__":
    serve(make)
