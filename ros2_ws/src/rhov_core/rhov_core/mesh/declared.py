"""Symmetries that the user declares, as transforms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.mesh.sidecar import AxisSymmetry
from rhov_core.mesh.symmetry import axis_symmetries

_SAME_ROTATION = np.radians(5.0)
_LARGEST_GROUP = 400


def declared_symmetries(declared: Sequence[AxisSymmetry], centroid: FloatArray) -> FloatArray:
    """All products (S, 4, 4) of the rotations about the declared axes, the identity first.

    Args:
        declared: The axes.
        centroid: (3,) a point on the axes for which none was given [m].

    Raises:
        InputError: If the rotations do not close to a finite group, as for axes at an arbitrary angle.
    """
    generators = [axis_symmetries(s.axis, s.order, centroid if s.point is None else s.point)[1] for s in declared]
    group = [np.eye(4)]
    for element in group:  # grows while it is walked
        for generator in generators:
            product = generator @ element
            traces = np.einsum("sij,ij->s", np.stack(group)[:, :3, :3], product[:3, :3])
            if traces.max() < 1 + 2 * np.cos(_SAME_ROTATION):
                group.append(product)
        if len(group) > _LARGEST_GROUP:
            raise InputError(
                "the declared symmetries generate more rotations than an object can have",
                "axes that are symmetries together, such as one of revolution and one across",
                "correct the axes, or leave the entry out to have the symmetries found in the mesh",
            )
    return np.stack(group)
