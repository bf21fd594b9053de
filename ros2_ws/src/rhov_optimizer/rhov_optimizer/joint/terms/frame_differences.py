"""Differences over time, as the paper's equation 4 weighs them."""

from __future__ import annotations

import numpy as np
import torch

from rhov_core.arrays import BoolArray
from rhov_optimizer.joint.scene import Problem, Scene
from rhov_optimizer.joint.terms.term import LOOK_BACK


class FrameDifferences:
    """Sum over k of 0.5^k |p_i - p_(i-k)|^2, each difference divided by the time it took, in nominal frames."""

    def __init__(self, problem: Problem, valid: BoolArray) -> None:
        self.valid = torch.from_numpy(valid.copy())
        """(N,) frames that are compared, with each other only."""
        # relative: the time since 1970 in single precision has steps of two minutes
        self._stamps = torch.tensor(problem.stamps - problem.stamps[:1], dtype=torch.float32)
        step = float(np.median(np.diff(problem.stamps))) if len(problem) > 1 else 1.0
        self._step = step
        self._count = len(problem)

    def __call__(self, values: torch.Tensor, scene: Scene, unit: float) -> torch.Tensor:
        """The loss of values (n, ...), mean over their components."""
        flat = values.reshape(len(values), -1) / unit
        stamps, valid = self._stamps[scene.frames], self.valid[scene.frames]
        total = flat.new_zeros(())
        for k in range(1, min(LOOK_BACK, len(flat) - 1) + 1):
            start = max(k, scene.lead)
            elapsed = (stamps[start:] - stamps[start - k : len(flat) - k]) / (k * self._step)
            squared = ((flat[start:] - flat[start - k : len(flat) - k]) ** 2).mean(1)
            both = valid[start:] & valid[start - k : len(flat) - k]
            total = total + 0.5**k * (both * squared / elapsed**2).sum()
        return total / self._count
