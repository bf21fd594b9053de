"""Reads numpy arrays out of other people's pickles without running anything that the pickles say.

A pickle can name any function and have it called. Here every name that data sets and hand models need (numpy arrays,
scipy sparse matrices, chumpy expressions) is replaced by a record that only keeps what it was given, and every other
name is refused. The arrays are made from the records afterwards, for plain number types only.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from rhov_core.errors import InputError

_NUMBER_TYPES: Final = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}


class Record:
    """What the pickle wanted to build: arguments and state, kept and not acted upon."""

    kind = ""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


_ARRAY_MODULES: Final = ("numpy.core.multiarray", "numpy._core.multiarray")
_KINDS: Final[dict[tuple[str, str], str]] = {
    **{(module, "_reconstruct"): "array" for module in _ARRAY_MODULES},
    **{(module, "scalar"): "scalar" for module in _ARRAY_MODULES},
    **{(module, "_frombuffer"): "buffer" for module in ("numpy.core.numeric", "numpy._core.numeric")},
    ("numpy", "ndarray"): "type",
    ("numpy", "dtype"): "dtype",
    **{(f"scipy.sparse.{module}", "csc_matrix"): "csc" for module in ("csc", "_csc")},
    **{(f"scipy.sparse.{module}", "csr_matrix"): "csr" for module in ("csr", "_csr")},
    ("_codecs", "encode"): "bytes",
    ("builtins", "set"): "set",
    ("builtins", "object"): "type",
}
_PYTHON_2_MODULES: Final = {"__builtin__": "builtins", "copy_reg": "copyreg"}


def _reconstructor(kind: type[Record], _base: Any, _state: Any) -> Record:
    """What `copyreg._reconstructor` does for objects of old protocols, for records only."""
    if not (isinstance(kind, type) and issubclass(kind, Record)):
        raise pickle.UnpicklingError("an object of an unknown type")
    return kind()


class _RecordUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, name: str) -> Any:
        module = _PYTHON_2_MODULES.get(module_name, module_name)
        if (module, name) == ("copyreg", "_reconstructor"):
            return _reconstructor
        kind = "chumpy" if module.split(".")[0] == "chumpy" else _KINDS.get((module, name))
        if kind is None:
            raise pickle.UnpicklingError(f"it asks for '{module}.{name}', which no array needs")
        return type(name, (Record,), {"kind": kind})


def load_records(stream: IO[bytes]) -> Any:
    """The content of a pickle, with records in the place of everything that is not a plain Python value.

    Raises:
        pickle.UnpicklingError: If it asks for anything that arrays do not need; damaged files raise other errors too.
    """
    return _RecordUnpickler(stream, encoding="latin1").load()


def plain(value: Any) -> Any:
    """The value with arrays in the place of records; texts, numbers, None, lists and dictionaries stay.

    Arrays of objects become lists, or the object itself if they hold just one without an axis.

    Raises:
        ValueError: If a record is no array.
    """
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if not isinstance(value, Record):
        return value
    if value.kind == "array" and _type_name(value.state[2]).startswith("O"):
        entries = plain(value.state[4])
        return entries if value.state[1] else entries[0]
    array = array_of(value)
    return array if array.ndim else array.item()


def read_pickle(path: Path, accepted: str, todo: str) -> Any:
    """The plain content of a .pkl file, or of an .npy file that holds Python objects.

    Args:
        path: The file.
        accepted: What the file should be, for the error message.
        todo: What the user should do if it is not.

    Raises:
        InputError: If the file is missing, damaged, or holds anything but plain values and arrays of numbers.
    """
    try:
        with open(path, "rb") as stream:
            if path.suffix == ".npy":
                return _numpy_file(stream)
            return plain(load_records(stream))
    except FileNotFoundError:
        raise InputError(f"there is no file '{path}'", accepted, todo) from None
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(f"'{path}' cannot be read ({error})", accepted, todo) from error


def _numpy_file(stream: IO[bytes]) -> Any:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(stream)
    if version not in readers:
        raise ValueError(f"version {version} of the .npy format")
    if readers[version](stream)[2].hasobject:
        return plain(load_records(stream))
    stream.seek(0)
    return np.load(stream, allow_pickle=False)


def array_of(value: Any) -> NDArray[Any]:
    """The array that a record, or a nested list of numbers, stands for.

    Raises:
        ValueError: If it stands for no array of numbers.
    """
    if not isinstance(value, Record):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"a {type(value).__name__} where numbers belong")
        return array
    if value.kind == "array":
        *_, shape, dtype, column_major, data = value.state
        return _numbers(data, dtype, shape, "F" if column_major else "C")
    if value.kind == "buffer":
        data, dtype, shape, order = value.arguments
        return _numbers(data, dtype, shape, order)
    if value.kind == "scalar":
        return _numbers(value.arguments[1], value.arguments[0], (), "C")
    if value.kind == "chumpy":
        return _evaluated(value.state)
    if value.kind in ("csc", "csr"):
        return _dense(value.state, column_wise=value.kind == "csc")
    raise ValueError(f"a {type(value).__name__} where an array belongs")


def _type_name(dtype: Any) -> str:
    known = isinstance(dtype, Record) and dtype.kind == "dtype" and bool(dtype.arguments)
    return str(dtype.arguments[0]) if known else "unknown"


def _numbers(data: Any, dtype: Any, shape: Any, order: str) -> NDArray[Any]:
    raw = data
    if isinstance(data, Record) and data.kind == "bytes":
        raw = data.arguments[0]
    if isinstance(raw, str):  # the byte strings of Python 2
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray):
        raise ValueError("an array of objects")
    name = _type_name(dtype)
    if name not in _NUMBER_TYPES:
        raise ValueError(f"an array of the type {name}")
    big_endian = bool(dtype.state) and dtype.state[1] == ">"
    flat = np.frombuffer(raw, np.dtype(name).newbyteorder(">" if big_endian else "<"))
    return flat.reshape(tuple(int(n) for n in shape), order="F" if order == "F" else "C").astype(name)


def _evaluated(state: dict[str, Any]) -> NDArray[Any]:
    """The value of a chumpy constant (`Ch`) or of a choice from its flattened elements (`Select`)."""
    if "idxs" in state:
        chosen = array_of(state["a"]).ravel()[array_of(state["idxs"]).ravel()]
        return chosen.reshape(tuple(int(n) for n in array_of(state["preferred_shape"])))
    return array_of(state["x"])


def _dense(state: dict[str, Any], *, column_wise: bool) -> NDArray[Any]:
    """The dense form of a compressed sparse matrix."""
    rows, columns = (int(n) for n in array_of(state["_shape"] if "_shape" in state else state["shape"]))
    data, indices, starts = (array_of(state[name]) for name in ("data", "indices", "indptr"))
    out = np.zeros((columns, rows) if column_wise else (rows, columns))
    major = np.repeat(np.arange(len(out)), np.diff(starts))
    np.add.at(out, (major, indices), data)
    return out.T if column_wise else out
