"""Seeds of parts of a training that depend on its seed and on nothing that ran before."""

from __future__ import annotations

import numpy as np


def mixed(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
