"""Guesses how long a training will still take."""

from __future__ import annotations

import time


class Clock:
    """Begins to run when it is made.

    Args:
        done: Rounds that were done before.
        rounds: All.
    """

    def __init__(self, done: int, rounds: int) -> None:
        self._begun, self._done, self._rounds = time.perf_counter(), done, rounds

    def remaining(self, number: int) -> str:
        """What to tell a person after `number` rounds."""
        if number <= self._done:
            return ""
        each = (time.perf_counter() - self._begun) / (number - self._done)
        seconds = each * (self._rounds - number)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"
