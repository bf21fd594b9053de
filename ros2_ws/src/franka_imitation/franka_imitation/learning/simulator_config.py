"""Settings of which simulator a policy learns in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError

SimulatorName = Literal["mujoco", "mujoco_worker", "mujoco_warp", "isaac_gym"]


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
