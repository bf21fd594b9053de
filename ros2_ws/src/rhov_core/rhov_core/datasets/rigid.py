"""Poses that were rounded when they were written."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.pose import make_transform

_ROUNDING = 1e-2


def nearest_rigid(rotation: ArrayLike, translation: ArrayLike, what: str) -> FloatArray:
    """Transforms (..., 4, 4) with the rotations nearest to the given matrices (..., 3, 3).

    Args:
        rotation: (..., 3, 3) rotations but for rounding.
        translation: (..., 3) [m].
        what: How to name them in the error.

    Raises:
        InputError: If a matrix differs from every rotation by more than rounding.
    """
    given = np.asarray(rotation, np.float64)
    U, _, Vt = np.linalg.svd(given)
    R = U @ Vt
    if (np.abs(R - given) > _ROUNDING).any() or (np.linalg.det(R) < 0).any():
        raise InputError(f"{what} holds a matrix that is no rotation", "rotations", "download the file again")
    return make_transform(R, translation)
