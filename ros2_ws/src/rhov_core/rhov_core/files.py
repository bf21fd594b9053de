"""Output folders and files that appear only when they are complete."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rhov_core.errors import InputError


def output_directory(path: str | Path) -> Path:
    """Makes a folder for results and returns it.

    Raises:
        InputError: If it cannot be made or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-test-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"the output folder '{folder}' cannot be written ({error.strerror})",
            "a folder that you may write",
            "choose another one with --out",
        ) from error
    return folder


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it on success and removed on failure.

    The suffix is kept, so that writers that look at it still work.

    Raises:
        InputError: If `path` or its folder cannot be written.
    """
    final = Path(path)
    output_directory(final.parent)
    partial = final.with_name(f".partial-{os.getpid()}-{final.name}")
    try:
        yield partial
        try:
            os.replace(partial, final)
        except OSError as error:
            raise InputError(
                f"'{final}' cannot be written ({error.strerror})", "a file that you may write", "choose another name"
            ) from error
    finally:
        partial.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """The value in types that JSON knows; numbers that are not finite become null, as JSON has no word for them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def write_json(path: str | Path, content: Any) -> None:
    """Writes JSON atomically; numpy values and paths become plain ones, NaN and infinity null."""
    text = json.dumps(_plain(content), indent=2, allow_nan=False)
    with atomic_path(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Reads JSON.

    Raises:
        InputError: If the file is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no file '{path}'", "a JSON file", "check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(f"'{path}' cannot be read ({error})", "a JSON file", "write it again") from error
