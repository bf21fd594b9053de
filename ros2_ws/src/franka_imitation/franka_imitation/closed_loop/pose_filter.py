"""The mean of the last measurements of a pose that hardly changes, with an eye for steps."""

from __future__ import annotations

import numpy as np

from franka_imitation.closed_loop.config import FeedbackConfig
from rhov_core.arrays import FloatArray
from rhov_core.pose import difference, perturb

_BELIEVED = 4
"""So many measurements in a row beyond the threshold, to the same side, are a step."""


class PoseFilter:
    """First a running mean, later an exponential one.

    The mean of the last few measurements alone tells whether there was a step: noise averages out in it.

    Args:
        config: Rate of the measurements, time constant and size of a step.
    """

    def __init__(self, config: FeedbackConfig) -> None:
        self._config = config
        self._least_gain = 1 - np.exp(-1 / max(config.smoothing * config.rate, 1e-9))
        self._count = 0
        self._innovations: list[FloatArray] = []
        self.pose: FloatArray = np.eye(4)
        """(4, 4) the estimate; meaningless before the first measurement."""

    @property
    def is_empty(self) -> bool:
        """Whether there was no measurement yet."""
        return self._count == 0

    def restart(self) -> None:
        """Forgets everything."""
        self._count = 0
        self._innovations = []

    def update(self, measured: FloatArray) -> FloatArray:
        """Takes in a measured pose (4, 4) and returns the estimate (4, 4)."""
        self._count += 1
        if self._count == 1:
            self.pose = measured.copy()
            return self.pose
        innovation = difference(measured, self.pose)
        self._innovations = [*self._innovations, innovation][-_BELIEVED:]
        if self._stepped():
            self.pose = perturb(self.pose, np.mean(self._innovations, axis=0))
            self._count, self._innovations = _BELIEVED, []
            return self.pose
        gain = max(1 / self._count, self._least_gain)
        self.pose = perturb(self.pose, gain * innovation)
        # what is kept of earlier measurements was relative to the earlier estimate
        self._innovations = [past - gain * innovation for past in self._innovations]
        return self.pose

    def _stepped(self) -> bool:
        if len(self._innovations) < _BELIEVED:
            return False
        mean = np.mean(self._innovations, axis=0)
        far = np.linalg.norm(mean[:3]) > self._config.jump_position
        return bool(far or np.linalg.norm(mean[3:]) > self._config.jump_rotation)
