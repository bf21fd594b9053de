"""How near the fingertips are to the object's surface."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid


def signed_distances(distance: SignedDistanceGrid, T: FloatArray, scale: float, vertices: FloatArray) -> FloatArray:
    """Signed distances (n, V) [m] of the hand's vertices (n, V, 3) [m] to the object, negative inside.

    Args:
        distance: To the centred, unscaled mesh.
        T: (n, 4, 4) poses of the centred mesh.
        scale: Of the object.
        vertices: (n, V, 3) camera frame [m].
    """
    local = (vertices - T[:, None, :3, 3]) @ T[:, :3, :3] / scale
    return scale * np.asarray(distance.distance(local))


def fingertip_gaps(signed: FloatArray, model: HandModel) -> FloatArray:
    """Distances (n, 5) [m] of the nearest vertex of each finger's pad, of signed distances (n, V)."""
    return np.stack([np.abs(signed[:, pad]).min(1) for pad in model.fingertip_vertices.values()], 1)
