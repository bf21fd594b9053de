"""The part of the poses' covariance for an object that was taken for another view of itself.

A track that shows the object from a wrong side fits its masks, and its Hessian is as large as that of a right one. But
what it expects is soon contradicted, and it is lost again and again. So the share of the frames around in which the
object was lost is taken for the probability that a frame's pose is any other one.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray

AROUND = 1.5
"""Frames this near in time count [s]."""


def mistaken_covariance(seen: BoolArray, stamps: FloatArray, deviation: FloatArray) -> FloatArray:
    """Covariances (N, 6, 6) of left perturbations [translation, rotation] of the centred mesh.

    Args:
        seen: (N,) where the object was tracked.
        stamps: (N,) [s].
        deviation: (6,) standard deviations of the poses of an object that was taken for another view of itself.
    """
    first = np.searchsorted(stamps, stamps - AROUND)
    last = np.searchsorted(stamps, stamps + AROUND, side="right")
    lost = np.concatenate([[0], np.cumsum(~seen)])
    share = (lost[last] - lost[first]) / (last - first)
    if seen.any():  # a lost frame is no more certain than the tracked ones that it is bridged from
        tracked = np.flatnonzero(seen)
        place = np.searchsorted(tracked, np.arange(len(seen)))
        before, after = (tracked[np.clip(i, 0, len(tracked) - 1)] for i in (place - 1, place))
        share = np.where(seen, share, np.maximum(share, np.maximum(share[before], share[after])))
    return share[:, None, None] * np.diag(np.square(deviation))
