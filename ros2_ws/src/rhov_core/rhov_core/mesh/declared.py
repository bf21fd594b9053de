"""Symmetries that the user declares, as transforms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.mesh.sidecar import AxisSymmetry
from rhov_core.mesh.symmetry import axis_symmetries
from rhov_core.pose import log_rotation

_SAME_ROTATION = np.radians(5.0)
_CONTINUOUS = np.radians(15.0)
"""A smaller turn is a sample of an axis of revolution."""
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


def axes_of(symmetries: FloatArray) -> tuple[AxisSymmetry, ...]:
    """The axes that `declared_symmetries` makes these symmetries (S, 4, 4) of, to be written to a file."""
    turns = log_rotation(symmetries[:, :3, :3])
    angles = np.linalg.norm(turns, axis=-1)
    found: list[AxisSymmetry] = []
    axes: list[FloatArray] = []
    for i in np.argsort(angles, kind="stable"):  # the smallest turn about an axis gives its order
        if angles[i] < 1e-6:
            continue
        axis = turns[i] / angles[i]
        if any(abs(axis @ other) > np.cos(_SAME_ROTATION) for other in axes):
            continue
        R, t = symmetries[i, :3, :3], symmetries[i, :3, 3]
        point = np.linalg.pinv(np.eye(3) - R, rcond=1e-6) @ t
        order = None if angles[i] < _CONTINUOUS else round(2 * np.pi / angles[i])
        axes.append(axis)
        found.append(AxisSymmetry((axis[0], axis[1], axis[2]), order, (point[0], point[1], point[2])))
        if len(declared_symmetries(found, np.zeros(3))) >= len(symmetries):
            break
    return tuple(found)
