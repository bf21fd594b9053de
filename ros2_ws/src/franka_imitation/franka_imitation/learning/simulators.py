"""Which simulator a policy learns in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from franka_imitation.learning.backend import SimBackend
from franka_imitation.learning.mujoco_backend import MujocoBackend
from franka_imitation.learning.warp_backend import WarpBackend
from franka_imitation.learning.worker_backend import WorkerBackend, shared_folder
from franka_imitation.learning.workplace_files import write_workplace
from franka_imitation.scene import Scene
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel

SimulatorName = Literal["mujoco", "mujoco_worker", "mujoco_warp", "isaac_gym"]
_WORKERS = Path(__file__).parent / "workers"


@dataclass(frozen=True)
class SimulatorConfig:
    """Where the physics is computed while a policy learns; it is always judged in MuJoCo."""

    name: Literal["mujoco", "mujoco_worker", "mujoco_warp", "isaac_gym"] = setting(
        "mujoco", "mujoco; the same in a process of its own (mujoco_worker); mujoco_warp, for GPUs; isaac_gym"
    )
    interpreter: str = setting("", "Python with Isaac Gym, for isaac_gym: 3.8 at most")

    def __post_init__(self) -> None:
        check_ranges(self)
        names = get_args(SimulatorName)
        if self.name not in names:
            raise InputError(f"the simulator is '{self.name}'", ", ".join(names), "correct the name")
        if self.name == "isaac_gym" and not Path(self.interpreter).is_file():
            raise InputError(
                f"the interpreter of Isaac Gym is '{self.interpreter}', which is no file",
                "the path of a Python 3.6 to 3.8 with isaacgym and torch",
                "give it, for instance with --interpreter ~/miniconda3/envs/rlgpu/bin/python",
            )


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
