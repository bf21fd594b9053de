"""Times of the frames of a clip, the same wherever its stamps count from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from rhov_core.arrays import FloatArray

RESOLUTION = 1e-5
"""Of the times [s]. A double that counts the seconds since 1970 is good to a quarter of a microsecond."""


class Stamped(Protocol):
    """Anything with a time."""

    @property
    def stamp(self) -> float:
        """[s]"""


def elapsed(frames: Iterable[Stamped]) -> FloatArray:
    """Times (N,) since the first frame [s], rounded.

    Outlines jump from pixel to pixel, so a solution can depend on the last digit of a stamp. Rounded, a video read from
    a file, whose stamps count from its beginning, and one that came in messages give the same at the usual frame rates.
    """
    stamps = np.array([frame.stamp for frame in frames])
    return np.round((stamps - stamps[:1]) / RESOLUTION) * RESOLUTION
