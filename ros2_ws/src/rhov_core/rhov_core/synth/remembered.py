"""Arrays that are slow to compute, remembered on disk."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhov_core.errors import InputError
from rhov_core.files import atomic_path
from rhov_core.mesh.convex_parts import cache_folder


def fingerprint(*parts: Any) -> str:
    """A name for what arrays, numbers and texts determine."""
    content = hashlib.blake2b(digest_size=12)
    for part in parts:
        if isinstance(part, np.ndarray):
            content.update(repr((part.dtype.str, part.shape)).encode() + np.ascontiguousarray(part).tobytes())
        else:
            content.update(repr(part).encode())
    return content.hexdigest()


def remembered_file(kind: str, name: str) -> Path:
    """Where arrays of a kind are kept."""
    return cache_folder() / kind / f"{name}.npz"


def recall(file: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays in a file; None if there are none yet."""
    try:
        with np.load(file, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # a damaged cache is no reason to stop
        warnings.warn(f"the cached '{file}' cannot be read ({error}); it is made again", stacklevel=3)
        return None


def remember(file: Path, arrays: Mapping[str, Any]) -> None:
    """Writes arrays for `recall`; a folder that cannot be written gives a warning."""
    try:
        with atomic_path(file) as partial, open(partial, "wb") as out:
            np.savez_compressed(out, **arrays)
    except (InputError, OSError) as error:
        warnings.warn(f"'{file}' is not remembered: {error}", stacklevel=3)
