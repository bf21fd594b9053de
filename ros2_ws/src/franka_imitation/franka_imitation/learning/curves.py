"""Curves of a training for TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from tensorboardX import SummaryWriter


class Curves:
    """Writes event files. Use as a context manager.

    Args:
        folder: For `tensorboard --logdir`.
    """

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(str(folder), write_to_disk=True)

    def __enter__(self) -> Curves:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds a point to each curve; numbers that are not finite are left out."""
        for name, value in values.items():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, step)
        self._writer.flush()
