"""Progress of a run for a person at a terminal: one line for each stage."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_LINES_EVERY = 20.0
"""Without a terminal, a line is printed at most this often [s]."""


class StageProgress:
    """Shows stages with a bar on a terminal, and as plain lines elsewhere. Use as a context manager."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._bars = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=32),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._printed: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    def __enter__(self) -> StageProgress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def update(self, stage: str, fraction: float, detail: str = "") -> None:
        """Shows how far a stage is; the first call starts it.

        Args:
            stage: Its name, as shown.
            fraction: 0 to 1; negative for unknown.
            detail: A few words behind the bar.
        """
        now = time.monotonic()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=1.0 if fraction >= 0 else None, detail=detail)
            self._started[stage] = now
            self._line(stage, detail or "...")
        total = 1.0 if fraction >= 0 else None
        self._bars.update(self._tasks[stage], completed=max(fraction, 0.0), total=total, detail=detail)
        if now - self._printed[stage] > _LINES_EVERY:
            self._line(stage, f"{100 * max(fraction, 0):.0f} % {detail}")

    def done(self, stage: str, detail: str = "") -> None:
        """Marks a stage as finished."""
        self.update(stage, 1.0, detail)
        if stage not in self._seconds:
            self._seconds[stage] = time.monotonic() - self._started[stage]
            self._bars.stop_task(self._tasks[stage])
            self._line(stage, f"done in {self._seconds[stage]:.1f} s {detail}")

    @property
    def seconds(self) -> dict[str, float]:
        """Wall seconds of the finished stages."""
        return dict(self._seconds)

    def say(self, text: str) -> None:
        """Prints a line without disturbing the bars."""
        self._bars.console.print(text, soft_wrap=True)

    def _line(self, stage: str, text: str) -> None:
        self._printed[stage] = time.monotonic()
        if not self._console.is_terminal:
            print(f"{stage}: {text.rstrip()}", flush=True)
