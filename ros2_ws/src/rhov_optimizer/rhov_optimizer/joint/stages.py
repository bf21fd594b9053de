"""Time keeping, progress and cancelling of the stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float], None]
"""Receives the name of the stage and the fraction of it that is done."""
Cancelled = Callable[[], bool]
"""Returns True once the work shall end."""


class Stages:
    """Runs named stages one after another."""

    def __init__(self, progress: Progress, cancelled: Cancelled) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._name = ""
        self.seconds: dict[str, float] = {}
        """Wall time of each finished stage [s]."""
        self.cancelled = False
        """Whether a stage was ended early."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Reports the stage's begin and end and measures it."""
        self._name = name
        begin = time.perf_counter()
        self._progress(name, 0.0)
        yield
        self._progress(name, 1.0)
        self.seconds[name] = time.perf_counter() - begin

    def step(self, fraction: float) -> bool:
        """Reports a step within the stage; returns whether to go on."""
        self._progress(self._name, fraction)
        self.cancelled = self.cancelled or self._cancelled()
        return not self.cancelled
