"""The part of the poses' covariance that no residual shows: outlines that err alike over a whole clip.

A mask that leaves a shadow in does so in one frame after another: poses agree with one another and are all off. What
shows it is that such outlines do not fit the mesh in any pose. So a frame's misfit, beyond that of a perfect mask, is
taken to be common to so many points of its outline: the pose that such an outline alone would give has the covariance
that is added here. One frame's misfit tells little, least where most of the object is hidden, and errors last: that of
the frames around counts. A mask that is too large all around fits a nearer pose, and nothing shows it.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray

PERFECT_MISFIT = 0.27
"""Mean squared distance of the outline of a right pose to a perfect mask's border [pixel^2]."""
LARGEST_ROTATION = 0.5
"""Deviation of a rotation that an outline alone does not hold [rad]; that of a position is the object's diameter."""
AROUND = 0.13
"""Frames this near in time are taken to misfit alike; standard deviation [s]."""


def systematic_covariance(
    hessians: FloatArray, misfits: FloatArray, stamps: FloatArray, points_alike: float, diameter: float
) -> FloatArray:
    """Covariances (N, 6, 6) of left perturbations [translation, rotation] of the centred mesh.

    Frames without an outline get that of the nearest frame with one; without any, it is zero.

    Args:
        hessians: (N, 6, 6) of the outlines' cost, as weighted before the clip was known; zero without an outline.
        misfits: (N,) mean squared distances of silhouette and mask border [pixel^2]; NaN without an outline.
        stamps: (N,) [s].
        points_alike: How many of the weighted points of an outline err alike.
        diameter: Of the object.
    """
    out = np.zeros((len(misfits), 6, 6))
    known = np.flatnonzero(np.isfinite(misfits))
    if not len(known):
        return out
    bound = np.diag(1.0 / np.square(np.repeat([diameter, LARGEST_ROTATION], 3)))
    near = np.exp(-0.5 * np.square((stamps[known, None] - stamps[known]) / AROUND))
    excess = near @ np.maximum(misfits[known] - PERFECT_MISFIT, 0.0) / near.sum(1)
    out[known] = points_alike * excess[:, None, None] * np.linalg.inv(hessians[known] + bound)
    nearest = known[np.abs(np.arange(len(out))[:, None] - known).argmin(1)]
    return out[nearest]
