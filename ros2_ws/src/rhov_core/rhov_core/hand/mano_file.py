"""Reads MANO's published file without running anything that it says; see `rhov_core.records`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhov_core.errors import InputError
from rhov_core.records import array_of, load_records

_ACCEPTED, _TODO = (
    "MANO_RIGHT.pkl of mano.is.tue.mpg.de, or an .npz with its keys",
    "give the file as you downloaded it",
)


def read_mano_arrays(path: Path, wanted: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The arrays of a MANO file by key.

    Args:
        path: MANO_RIGHT.pkl, or an .npz with the same keys (J_regressor dense).
        wanted: The keys to read; what else the file holds is ignored.

    Returns:
        Those of the wanted keys that the file has.

    Raises:
        InputError: If the file is missing, damaged, or holds anything but arrays under these keys.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {key: np.asarray(file[key]) for key in wanted if key in file.files}
        with open(path, "rb") as stream:
            content = load_records(stream)
        if not isinstance(content, dict):
            raise InputError(f"'{path}' holds a {type(content).__name__}", _ACCEPTED, _TODO)
        return {key: array_of(content[key]) for key in wanted if key in content}
    except FileNotFoundError:
        raise InputError(f"there is no file '{path}'", _ACCEPTED, "check the path") from None
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(f"'{path}' cannot be read as a hand model ({error})", _ACCEPTED, _TODO) from error
