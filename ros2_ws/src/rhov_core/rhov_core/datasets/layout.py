"""Checks whether a folder holds a data set, and says what to download where it does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from rhov_core.errors import InputError


@dataclass(frozen=True)
class Layout:
    """Where a data set comes from and what its root folder holds."""

    name: str
    source: str
    """Where to download it."""
    holds: str
    """What the root folder holds, as a clause."""

    def root(self, path: str | Path) -> Path:
        """The root folder.

        Raises:
            InputError: If there is no such folder.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise self.error(f"there is no folder '{folder}'")
        return folder

    def require(self, path: Path, what: str) -> Path:
        """The path, if it is there.

        Raises:
            InputError: If it is missing.
        """
        if not path.exists():
            raise self.error(f"{what} is missing at '{path}'")
        return path

    def choose(self, folder: Path, pattern: str, what: str) -> list[Path]:
        """All paths in a folder that match a pattern, sorted.

        Raises:
            InputError: If there is none.
        """
        found = sorted(folder.glob(pattern))
        if not found:
            raise self.error(f"there is no {what} in '{folder}'")
        return found

    def clip(self, name: str, known: Iterable[str]) -> str:
        """The name of a clip, if the data set has it.

        Raises:
            InputError: If it is not among the known ones.
        """
        names = list(known)
        if name not in names:
            raise InputError(
                f"{self.name} has no clip '{name}' here",
                f"one of {len(names)} clips such as '{names[0]}'" if names else "a clip that was downloaded",
                f"choose another one, or download it from {self.source}",
            )
        return name

    def yaml(self, path: Path) -> Any:
        """The content of a YAML file.

        Raises:
            InputError: If it is missing or damaged.
        """
        try:
            return yaml.safe_load(self.require(path, "a file").read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise self.error(f"'{path}' cannot be read ({' '.join(str(error).split())})") from error

    def arrays(self, path: Path, names: tuple[str, ...]) -> dict[str, Any]:
        """Arrays of an .npz file.

        Raises:
            InputError: If it is missing, damaged or lacks one of them.
        """
        try:
            with np.load(self.require(path, "a file"), allow_pickle=False) as content:
                return {name: content[name] for name in names}
        except InputError:
            raise
        except Exception as error:  # numpy raises several kinds for damaged archives
            raise self.error(f"'{path}' cannot be read ({error})") from error

    def error(self, given: str) -> InputError:
        """The error that says what to download and where it goes."""
        return InputError(
            given,
            f"a {self.name} folder that holds {self.holds}",
            f"download it from {self.source} and unpack it there, see docs/datasets.md",
        )
