"""A working object as bytes, to go on with it in another process.

What follows a video is made of many small classes of the project and numpy arrays, so it is pickled; reading makes
objects of these classes only. Large parts that both processes have anyway are kept by name.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any, Final

from rhov.enum_member import enum_member

_PACKAGES: Final = ("rhov", "rhov_core", "rhov_optimizer", "rhov_perception")
_NAMES: Final = {
    *(("collections", name) for name in ("Counter", "OrderedDict", "defaultdict", "deque")),
    *(("builtins", name) for name in ("bool", "dict", "float", "int", "list", "set", "slice", "str", "tuple")),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}


def to_bytes(content: Any, known: Mapping[str, Any]) -> bytes:
    """The content, with the known parts by their names.

    Args:
        content: Anything made of the project's classes, numpy arrays and plain values.
        known: Parts that `from_bytes` will be given under the same names.

    Raises:
        pickle.PicklingError: If something in it cannot be kept.
    """
    stream = io.BytesIO()
    pickler = _Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.names = {id(part): name for name, part in known.items() if part is not None}
    pickler.dump(content)
    return stream.getvalue()


def from_bytes(data: bytes, known: Mapping[str, Any]) -> Any:
    """What `to_bytes` was given, with the known parts of this process in it.

    Raises:
        Exception: Nearly any, if the data are damaged or ask for anything but the project's own classes.
    """
    unpickler = _Unpickler(io.BytesIO(data))
    unpickler.known = known
    return unpickler.load()


class _Pickler(pickle.Pickler):
    names: dict[int, str]

    def persistent_id(self, obj: Any) -> str | None:
        return self.names.get(id(obj))


class _Unpickler(pickle.Unpickler):
    known: Mapping[str, Any]

    def persistent_load(self, pid: Any) -> Any:
        return self.known[pid]

    def find_class(self, module_name: str, name: str) -> Any:
        if (module_name, name) == ("builtins", "getattr"):
            return enum_member
        if (module_name, name) in _NAMES:
            return super().find_class(module_name, name)
        if module_name.split(".", maxsplit=1)[0] in _PACKAGES and "." not in name:
            found = super().find_class(module_name, name)
            if isinstance(found, type) and found.__module__ == module_name:
                return found
        raise pickle.UnpicklingError(f"it asks for '{module_name}.{name}', which no snapshot needs")
