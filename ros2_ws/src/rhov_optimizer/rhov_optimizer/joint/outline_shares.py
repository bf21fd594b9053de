"""How much of its weight each frame's outline keeps.

How far outlines are to be trusted is learnt for the clip as a whole, but masks grow and shrink: a leak or a bite lasts
for some frames, and the pose that fits it best is off, mostly along the viewing ray. What shows it is that such an
outline fits the mesh in no pose. Points of an outline err together, so the variance of what it tells grows with the
square of its misfit beyond that of a right pose and a perfect mask; its neighbours in time and the flow take over.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_optimizer.joint.systematic import PERFECT_MISFIT

LEAST_SHARE = 0.1
"""What every outline keeps: without any, poses are left to flow and features, which drift."""


def outline_shares(misfits: FloatArray, halved_at: float) -> FloatArray:
    """Shares (N,) of their weight that outlines keep.

    Args:
        misfits: (N,) mean squared distances of silhouette and mask border [pixel^2]; NaN without an outline.
        halved_at: Root of the misfit beyond `PERFECT_MISFIT` at which half is kept; above 0 [pixel].
    """
    excess = np.maximum(np.nan_to_num(misfits) - PERFECT_MISFIT, 0.0)
    return np.maximum(1.0 / (1.0 + excess / halved_at**2), LEAST_SHARE)
