"""How plausibly a hand touches an object."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray

SignedDistance = Callable[[FloatArray], FloatArray]
"""Maps points (N, 3) in the object's frame to signed distances (N,) [m], negative inside."""


def penetration_depth(hand_vertices: ArrayLike, signed_distance: SignedDistance) -> float:
    """Largest depth of a hand vertex (V, 3), object's frame, inside the object [m]; 0 without penetration.

    Hasson et al., *Learning joint reconstruction of hands and manipulated objects*, CVPR 2019.
    """
    return max(0.0, -float(np.min(signed_distance(np.asarray(hand_vertices, np.float64)))))


def penetration_volume(
    hand_distance: SignedDistance, object_distance: SignedDistance, bounds: ArrayLike, voxel: float = 0.005
) -> float:
    """Volume that lies inside both hand and object [m^3], by counting voxels.

    Hasson et al., CVPR 2019, with their voxels of 0.5 cm.

    Args:
        hand_distance: Signed distance to the hand, points in the object's frame.
        object_distance: Signed distance to the object, points in the object's frame.
        bounds: (2, 3) lowest and highest corner of the region to search, usually the object's [m].
        voxel: Edge of a voxel [m].
    """
    low, high = np.asarray(bounds, np.float64)
    axes = [np.arange(a + voxel / 2, b, voxel) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    if not len(points):
        return 0.0
    inside = points[object_distance(points) < 0]
    return float(np.count_nonzero(hand_distance(inside) < 0) * voxel**3) if len(inside) else 0.0


def contact_ratio(fingertip_distances: ArrayLike, threshold: float = 0.005) -> float:
    """Share of frames in which some fingertip touches the object.

    Args:
        fingertip_distances: (N, F) smallest signed distance of each fingertip to the object, per frame [m].
        threshold: Touching up to this distance [m].
    """
    d = np.asarray(fingertip_distances, np.float64)
    return float((d.min(-1) <= threshold).mean()) if d.size else 0.0
