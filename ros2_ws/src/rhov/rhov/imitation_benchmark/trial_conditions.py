"""Under what the benchmark tries every motion."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any, Final

import numpy as np

from franka_imitation.closed_loop import Conditions

OTHER: Final = "other physics"
CONDITIONS: Final[dict[str, dict[str, float]]] = {
    OTHER: {},
    "start 1 cm, 5 deg off": {"start_position": 0.01, "start_rotation": float(np.deg2rad(5))},
    "pushed 2 cm": {"push": 0.02},
    "slips 1 cm in the grasp": {"slip": 0.01},
    "dropped": {"drop": 0.35},
    "pose noise 3 mm, 0.02 rad": {"noise_position": 0.003, "noise_rotation": 0.02},
}
"""What comes on top of the other physics, by name."""


def conditions_for(name: str, object_name: str, motion: str) -> Conditions:
    """The conditions of one trial; equal arguments give equal conditions.

    Mass 0.6 to 1.6 times and friction 0.75 to 1.1 times what the planner assumes; the object stands 2 mm and 0.02 rad
    from where it should; measured poses have noise of 1 mm and 5 mrad and are 30 ms old.
    """
    seed = zlib.crc32(f"{object_name} {motion} {name}".encode())
    random = np.random.default_rng(seed)
    other = Conditions(
        mass_factor=float(np.exp(random.uniform(np.log(0.6), np.log(1.6)))),
        friction_factor=float(random.uniform(0.75, 1.1)),
        start_position=0.002,
        start_rotation=0.02,
        noise_position=0.001,
        noise_rotation=0.005,
        seed=seed,
    )
    more: dict[str, Any] = CONDITIONS[name]
    return replace(other, **more)
