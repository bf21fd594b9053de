"""Different postures with which an arm reaches the same pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from franka_imitation.kinematics import Kinematics
from rhov_core.arrays import FloatArray, dense

_SEEDS = np.array(
    [
        [0.0, 0.0, 0.0, -2.1, q5, q6, q7]
        for q5, q6 in ((0.0, 1.8), (0.0, 3.0), (1.4, 2.2), (-1.4, 2.2))
        for q7 in (-1.6, 0.0, 1.6)
    ]
)
"""(S, 7) where the search starts: wrist bent down or forward, turned to either side, hand turned. Joint 1 is set to
the target's side [rad]."""
_AMPLE = 0.6
"""More room than this at the joints' stops is not worth more [rad]."""


def reach(targets: FloatArray, kinematics: Kinematics, count: int) -> tuple[NDArray[np.intp], FloatArray]:
    """The postures with the most room at the joints' stops, found from different starts.

    Args:
        targets: (N, 4, 4) poses T_base_tcp.
        kinematics: Of the arm.
        count: At most so many postures for each target.

    Returns:
        Whose posture each is (M,), and the postures (M, 7) [rad].
    """
    n, s = len(targets), len(_SEEDS)
    starts = np.repeat(_SEEDS[:, None], n, axis=1)
    starts[..., 0] = np.arctan2(dense(targets[:, 1, 3]), dense(targets[:, 0, 3]))
    rest = np.broadcast_to(kinematics.rest, starts.shape).copy()
    rest[..., 0] = starts[..., 0]
    all_targets = np.broadcast_to(targets, (s, n, 4, 4)).reshape(-1, 4, 4)
    solution = kinematics.inverse(all_targets, starts.reshape(-1, 7), rest=rest.reshape(-1, 7))
    room = np.minimum(kinematics.margin(solution.q), _AMPLE)
    quality = np.where(solution.reached(), room, -1.0).reshape(s, n)
    best = np.argsort(-quality, axis=0, kind="stable")[:count]
    owner = np.broadcast_to(np.arange(n), best.shape)
    good = np.take_along_axis(quality, best, axis=0) >= 0
    return owner[good], solution.q.reshape(s, n, 7)[best[good], owner[good]]
