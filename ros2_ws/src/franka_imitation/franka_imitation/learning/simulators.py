"""Which simulator a policy learns in."""

from __future__ import annotations

import sys
from pathlib import Path

from franka_imitation.learning.backend import SimBackend
from franka_imitation.learning.mujoco_backend import MujocoBackend
from franka_imitation.learning.simulator_config import SimulatorConfig
from franka_imitation.learning.warp_backend import WarpBackend
from franka_imitation.learning.worker_backend import WorkerBackend, shared_folder
from franka_imitation.learning.workplace_files import write_workplace
from franka_imitation.scene import Scene
from rhov_core.object_model import ObjectModel

_WORKERS = Path(__file__).parent / "workers"


def make_backend(
    config: SimulatorConfig, scene: Scene, object_model: ObjectModel, count: int, *, substeps: int, threads: int
) -> SimBackend:
    """The simulator of a scene, `count` times.

    Args:
        config: Which.
        scene: Of `learning_scene`.
        object_model: The object of the scene.
        count: How many workplaces.
        substeps: Of the physics in a control period, as in the scene.
        threads: Of MuJoCo.

    Raises:
        MissingDependencyError: If the simulator is not installed.
        WorkerError: If the simulator's process does not start; the message holds what it said.
    """
    if config.name == "mujoco":
        return MujocoBackend(scene, count, substeps=substeps, threads=threads)
    if config.name == "mujoco_warp":
        return WarpBackend(scene, count, substeps=substeps)
    folder = shared_folder()
    write_workplace(Path(folder.name), scene, object_model, count, substeps, threads)
    return WorkerBackend(_command(config), folder, count)


def _command(config: SimulatorConfig) -> list[str]:
    if config.name == "isaac_gym":
        return [config.interpreter, str(_WORKERS / "isaac_gym_worker.py")]
    return [sys.executable, "-m", "franka_imitation.learning.workers.mujoco_worker"]
