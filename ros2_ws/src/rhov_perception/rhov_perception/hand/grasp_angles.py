"""How fingers are bent around things: what a fit expects of the finger angles before it looks.

A normal distribution of all angles together, learnt from made grasps (`dev/learn_grasp_angles.py`): fingers bend
together, neighbours most, their last joints with the middle ones, and the thumb stands opposite. It decides where an
image says little, that is where fingers are hidden.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from rhov_core.arrays import FloatArray

FILE = Path(__file__).with_name("data") / "grasp_angles.npz"
_FREEDOM = np.radians(8.0)
"""Every angle is free by so much more [rad]: made grasps are few and never spread their fingers."""


@lru_cache(maxsize=1)
def grasp_angles() -> tuple[FloatArray, FloatArray]:
    """Mean (A,) above the joints' smallest angles [rad] and inverse covariance (A, A) [1/rad^2].

    The angles are those of `skeleton.ANGLES`. The smallest bends of fingers count from the straight finger in every
    hand model (`JointLimits`), so the mean belongs to all of them, however they bend their fingers at rest.
    """
    with np.load(FILE, allow_pickle=False) as file:
        mean, covariance = (file[name].astype(np.float64) for name in ("mean", "covariance"))
    return mean, np.linalg.inv(covariance + _FREEDOM**2 * np.eye(len(mean)))
