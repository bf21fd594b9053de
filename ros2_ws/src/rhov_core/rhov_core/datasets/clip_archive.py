"""One clip of HOT3D-Clips: a tar archive in the WebDataset layout, read without unpacking it."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.datasets.layout import Layout

_FRAME = re.compile(r"(\d+)\.info\.json")


class ClipArchive:
    """The members of a tar archive by their names.

    Args:
        path: The archive.
        layout: Says what to download where something is missing.

    Raises:
        InputError: If it is missing, damaged or incomplete.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path, self._layout = layout.require(path, "a clip"), layout
        try:
            with tarfile.open(path, "r:") as archive:
                self._places = {m.name: (m.offset_data, m.size) for m in archive.getmembers() if m.isfile()}
        except (tarfile.TarError, OSError) as error:
            raise layout.error(f"'{path}' cannot be read ({error})") from error

    @property
    def frames(self) -> list[str]:
        """Keys of the frames, such as "000000", in order.

        Raises:
            InputError: If there is none.
        """
        found = sorted(match[1] for name in self._places if (match := _FRAME.fullmatch(name)))
        if not found:
            raise self._layout.error(f"'{self._path}' has no frame")
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def json(self, name: str) -> Any:
        """The content of a JSON file.

        Raises:
            InputError: If it is missing or damaged.
        """
        try:
            return json.loads(self._bytes(name))
        except ValueError as error:
            raise self._layout.error(f"{name} in '{self._path}' cannot be read ({error})") from error

    def image(self, name: str) -> NDArray[Any]:
        """An image, BGR; grey ones have three equal channels.

        Raises:
            InputError: If it is missing or damaged.
        """
        image = cv2.imdecode(np.frombuffer(self._bytes(name), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise self._layout.error(f"{name} in '{self._path}' cannot be decoded")
        return image

    def _bytes(self, name: str) -> bytes:
        if name not in self._places:
            raise self._layout.error(f"'{self._path}' has no {name}")
        offset, size = self._places[name]
        with open(self._path, "rb") as file:
            file.seek(offset)
            return file.read(size)


def first_json(path: Path, ending: str, layout: Layout) -> Any:
    """The first JSON file of an archive whose name ends so; None if there is none. Reads no further than to it.

    Raises:
        InputError: If the archive is damaged.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                if member.name.endswith(ending) and (file := archive.extractfile(member)):
                    return json.load(file)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise layout.error(f"'{path}' cannot be read ({error})") from error
    return None
