"""The tracked records of a clip as a file of the benchmark's folder.

They are pickled, since they are many small data types; reading one makes only data: everything else that a file in a
folder that came from somewhere else could ask for is refused.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from rhov.enum_member import enum_member
from rhov.tracked_clip import TrackedClip
from rhov_core.errors import InputError
from rhov_core.files import atomic_path

_PACKAGES: Final = ("rhov", "rhov_core", "rhov_optimizer")
_NUMPY: Final = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}


class _DataUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, name: str) -> Any:
        if (module_name, name) == ("builtins", "getattr"):
            return enum_member
        if (module_name, name) in _NUMPY:
            return super().find_class(module_name, name)
        if module_name.split(".", maxsplit=1)[0] in _PACKAGES and "." not in name:
            found = super().find_class(module_name, name)
            is_ours = isinstance(found, type) and found.__module__ == module_name
            if is_ours and (is_dataclass(found) or issubclass(found, Enum)):
                return found
        raise pickle.UnpicklingError(f"it asks for '{module_name}.{name}', which no record needs")


def save_tracks(path: Path, tracked: TrackedClip | None) -> None:
    """Writes the records, or that there are none."""
    if tracked is not None:  # a new hand model has kept no tensors for later
        tracked = replace(tracked, hand_model=replace(tracked.hand_model))
    with atomic_path(path) as partial:
        partial.write_bytes(pickle.dumps(tracked))


def load_tracks(path: Path) -> TrackedClip | None:
    """What `save_tracks` wrote.

    Raises:
        InputError: If it is no file of tracked records.
    """
    accepted, todo = "records that the benchmark wrote", "remove the file: the clip is then tracked again"
    try:
        tracked = _DataUnpickler(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(f"'{path}' cannot be read ({error})", accepted, todo) from error
    if tracked is not None and not isinstance(tracked, TrackedClip):
        raise InputError(f"'{path}' holds a {type(tracked).__name__}", accepted, todo)
    return tracked
