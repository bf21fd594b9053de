"""Arrays: their types, their validation at package borders, and how they lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rhov_core.errors import InputError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]


def checked(
    name: str, value: Any, shape: tuple[int | None, ...], dtype: Any = np.float64, *, finite: bool = True
) -> NDArray[Any]:
    """Returns `value` as a read-only array of the given shape and type.

    Args:
        name: The name of the field, for the error message.
        value: Anything that numpy makes an array of.
        shape: The expected shape; None stands for any length.
        dtype: The expected element type.
        finite: Whether NaN and infinity are refused.

    Returns:
        A read-only array. It is a copy unless `value` was already read-only and of the right type.

    Raises:
        InputError: If the shape differs, a value cannot be converted (to integers: without loss) or is not finite.
    """
    try:
        array = np.asarray(value, dtype=dtype)
        if array.dtype.kind in "iu":
            _require_same(np.asarray(value), array)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{name} is {type(value).__name__} ({error})", f"an array of {np.dtype(dtype)}", f"convert {name} first"
        ) from error
    if array.ndim != len(shape) or any(s is not None and s != n for s, n in zip(shape, array.shape, strict=False)):
        wanted = "(" + ", ".join("N" if s is None else str(s) for s in shape) + ")"
        raise InputError(f"{name} has the shape {array.shape}", f"the shape {wanted}", f"check how {name} was made")
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(
            f"{name} is not finite at index {where}", "finite numbers", f"remove NaN and infinity from {name}"
        )
    if array.flags.writeable:
        array = array.copy() if array is value or array.base is not None else array
        array.flags.writeable = False
    return array


def dense(values: ArrayLike) -> FloatArray:
    """The values side by side in memory: a copy where they are, say, a column of a matrix.

    What NumPy computes of a view with gaps by `arctan2`, `arcsin`, `arccos`, `tan`, `exp`, `log` or `power` is rounded
    in one of two ways on processors with AVX-512: it takes the slower functions of the C library if the result happens
    to lie within one stride behind the view (`is_mem_overlap` in its `loops_utils.h`), and where the result lies is up
    to the allocator. So that the same input gives the same output, views go through here before these functions.
    """
    return np.asarray(values, np.float64, order="C")


def _require_same(given: NDArray[Any], whole: NDArray[Any]) -> None:
    """Raises a ValueError if the conversion to integers changed a value."""
    if given.dtype != whole.dtype and (given != whole).any():
        raise ValueError(f"{given[given != whole].flat[0]} does not fit {whole.dtype}")
