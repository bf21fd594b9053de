"""Earlier observations beside the present one: what a single one does not tell, such as how long the fingers close."""

from __future__ import annotations

import torch
from torch import Tensor


class History:
    """The last observations of N environments.

    Args:
        count: N.
        shown: How many observations are shown side by side; 1: only the present one.
        stride: Control steps between two of them.
    """

    def __init__(self, count: int, shown: int, stride: int) -> None:
        self._count, self._stride = count, stride
        self._length = (shown - 1) * stride + 1
        self._kept: Tensor | None = None
        self._fresh = torch.ones(count, dtype=torch.bool)

    def begin(self, ids: Tensor) -> None:
        """Forgets what was before in the environments `ids`: the next observation stands for all earlier ones."""
        self._fresh[ids] = True

    def add(self, observation: Tensor) -> Tensor:
        """Takes observations (N, O) and returns them with earlier ones (N, shown * O), the latest first."""
        if self._length == 1:
            return observation
        if self._kept is None:
            self._kept = observation.new_zeros(self._count, self._length, observation.shape[-1])
        earlier = torch.where(self._fresh[:, None, None], observation[:, None], self._kept[:, :-1])
        self._kept = torch.cat([observation[:, None], earlier], 1)
        self._fresh[:] = False
        return self._kept[:, :: self._stride].flatten(1)
