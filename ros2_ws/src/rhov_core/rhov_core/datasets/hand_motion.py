"""MANO parameters seen from another frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation, log_rotation


def moved_hand(
    pose: ArrayLike, translation: ArrayLike, wrist_at_rest: ArrayLike, T_to_from: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """The parameters of hands after a change of frame.

    MANO turns the hand about its wrist, which is not at the origin at rest: v = R (v0 - w) + w + t. After
    v' = A v + b the rotation is A R and the translation A (w + t) + b - w.

    Args:
        pose: (N, 48) axis-angle [rad], the global orientation first.
        translation: (N, 3) [m].
        wrist_at_rest: (3,) or (N, 3), where the wrist joint is at rest [m].
        T_to_from: (4, 4) or (N, 4, 4).

    Returns:
        Poses (N, 48) and translations (N, 3) in the other frame.
    """
    out, t = np.array(pose, np.float64), np.asarray(translation, np.float64)
    w, T = np.asarray(wrist_at_rest, np.float64), np.asarray(T_to_from, np.float64)
    out[:, :3] = log_rotation(T[..., :3, :3] @ exp_rotation(out[:, :3]))
    moved = (T[..., :3, :3] @ (w + t)[..., None])[..., 0] + T[..., :3, 3]
    return out, moved - w
