"""Reads MANO's published file without running anything that it says.

A pickle can name any function and have it called. Here every name that MANO's file needs (numpy arrays, scipy sparse
matrices, chumpy expressions) is replaced by a record that only keeps what it was given, and every other name is
refused. The arrays are made from the records afterwards, for plain number types only.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rhov_core.errors import InputError

_ACCEPTED, _TODO = (
    "MANO_RIGHT.pkl of mano.is.tue.mpg.de, or an .npz with its keys",
    "give the file as you downloaded it",
)
_NUMBER_TYPES: Final = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}


class _Record:
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


def _reconstructor(kind: type[_Record], _base: Any, _state: Any) -> _Record:
    """What `copyreg._reconstructor` does for objects of old protocols, for records only."""
    if not (isinstance(kind, type) and issubclass(kind, _Record)):
        raise pickle.UnpicklingError("an object of an unknown type")
    return kind()


class _RecordUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, name: str) -> Any:
        module = _PYTHON_2_MODULES.get(module_name, module_name)
        if (module, name) == ("copyreg", "_reconstructor"):
            return _reconstructor
        kind = "chumpy" if module.split(".")[0] == "chumpy" else _KINDS.get((module, name))
        if kind is None:
            raise pickle.UnpicklingError(f"it asks for '{module}.{name}', which no hand model needs")
        return type(name, (_Record,), {"kind": kind})


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
            content = _RecordUnpickler(stream, encoding="latin1").load()
        if not isinstance(content, dict):
            raise InputError(f"'{path}' holds a {type(content).__name__}", _ACCEPTED, _TODO)
        return {key: _array(content[key]) for key in wanted if key in content}
    except FileNotFoundError:
        raise InputError(f"there is no file '{path}'", _ACCEPTED, "check the path") from None
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(f"'{path}' cannot be read as a hand model ({error})", _ACCEPTED, _TODO) from error


def _array(value: Any) -> NDArray[Any]:
    """The array that a record, or a nested list of numbers, stands for."""
    if not isinstance(value, _Record):
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


def _numbers(data: Any, dtype: Any, shape: Any, order: str) -> NDArray[Any]:
    raw = data
    if isinstance(data, _Record) and data.kind == "bytes":
        raw = data.arguments[0]
    if isinstance(raw, str):  # the byte strings of Python 2
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray):
        raise ValueError("an array of objects")
    name = dtype.arguments[0] if isinstance(dtype, _Record) and dtype.kind == "dtype" else None
    if name not in _NUMBER_TYPES:
        raise ValueError(f"an array of the type {name}")
    big_endian = bool(dtype.state) and dtype.state[1] == ">"
    flat = np.frombuffer(raw, np.dtype(name).newbyteorder(">" if big_endian else "<"))
    return flat.reshape(tuple(int(n) for n in shape), order="F" if order == "F" else "C").astype(name)


def _evaluated(state: dict[str, Any]) -> NDArray[Any]:
    """The value of a chumpy constant (`Ch`) or of a choice from its flattened elements (`Select`)."""
    if "idxs" in state:
        chosen = _array(state["a"]).ravel()[_array(state["idxs"]).ravel()]
        return chosen.reshape(tuple(int(n) for n in _array(state["preferred_shape"])))
    return _array(state["x"])


def _dense(state: dict[str, Any], *, column_wise: bool) -> NDArray[Any]:
    """The dense form of a compressed sparse matrix."""
    rows, columns = (int(n) for n in _array(state["_shape"] if "_shape" in state else state["shape"]))
    data, indices, starts = (_array(state[name]) for name in ("data", "indices", "indptr"))
    out = np.zeros((columns, rows) if column_wise else (rows, columns))
    major = np.repeat(np.arange(len(out)), np.diff(starts))
    np.add.at(out, (major, indices), data)
    return out.T if column_wise else out
