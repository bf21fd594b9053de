"""Whether an object really stands where geometry says it does."""

from __future__ import annotations

import numpy as np

from franka_imitation.resting import RestingPose
from franka_imitation.scene import Scene
from franka_imitation.simulator import Simulator
from rhov_core.pose import difference

_SECONDS = 1.5
_PLACE = np.array([0.5, 0.0, 0.0])
"""Where it is tried, in front of the arm, which is in its ready posture above [m]."""
_MOVED, _TURNED = 0.004, 0.06
"""An object that stands moves and turns by less than this while it settles [m], [rad]."""


def steady(poses: list[RestingPose], scene: Scene) -> list[RestingPose]:
    """The poses in which the simulated object is still after a while.

    The uneven faces of a scan carry an object in theory from which it rolls in simulation, as it would in reality.

    Args:
        poses: Safest first.
        scene: The workplace.

    Returns:
        Those that last; if none does, the safest.
    """
    simulator = Simulator(scene)
    kept = []
    for pose in poses:
        start = pose.T_table_object.copy()
        start[:3, 3] += _PLACE
        simulator.reset(scene.robot.ready, start)
        simulator.step(_SECONDS)
        moved = difference(simulator.T_table_object, start)
        if np.linalg.norm(moved[:3]) < _MOVED and np.linalg.norm(moved[3:]) < _TURNED:
            kept.append(pose)
    return kept or poses[:1]
