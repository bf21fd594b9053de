"""Doubts about distances that no residual shows: a wrong focal length, or a mesh of the wrong size.

Scaling the object about the camera's centre moves no pixel, and another focal length moves hardly any: outlines with
ordinary errors fit a focal length that is 30 % off as well as the right one (docs/files.md). What is known besides:

- how the camera was given. A focal length that was given is believed, a guessed one has a spread.
- the hand. It has a human size, and it meets the object only if both have the same scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_optimizer.joint.size import Sizes

NOTICED = 0.06
"""A hand that would have to be this much larger or smaller (relatively) to meet the object contradicts the mesh.
People's hands differ by about 0.05; on 18 rendered clips with the right mesh it stays below 0.04."""


@dataclass(frozen=True)
class ScaleDoubt:
    """How far distances from the camera may be wrong in all frames alike."""

    focal_sigma: float
    """Relative standard deviation of the focal length."""
    size_error: float
    """Natural logarithm of the factor by which hand and mesh disagree; 0 unless they contradict each other."""

    @classmethod
    def of(cls, focal_sigma: float, sizes: Sizes) -> ScaleDoubt:
        """What stage one and the camera's origin leave in doubt."""
        off = math.log(sizes.meeting_factor) if math.isfinite(sizes.meeting_factor) else 0.0
        return cls(focal_sigma, off if abs(off) > NOTICED else 0.0)

    def covariance(self, T: FloatArray) -> FloatArray:
        """What it adds to the covariances (N, 6, 6) [translation, rotation] of poses (N, 4, 4) with centred meshes.

        A wrong focal length moves an object along the optical axis, a wrong size along its viewing ray.
        """
        t, out = T[:, :3, 3], np.zeros((len(T), 6, 6))
        out[:, :3, :3] = self.size_error**2 * t[:, :, None] * t[:, None, :]
        out[:, 2, 2] += np.square(self.focal_sigma * t[:, 2])
        return out

    def notes(self) -> list[str]:
        """A sentence for the user if hand and object contradict each other."""
        if not self.size_error:
            return []
        percent = 100 * (math.exp(self.size_error) - 1)
        hand, mesh = ("larger", "large") if percent > 0 else ("smaller", "small")
        return [
            f"hand and object only meet if the hand is {abs(percent):.0f} % {hand} than an average one, while hands "
            f"differ by about 5 %: the mesh may be too {mesh}, and with it all distances from the camera; their "
            "covariance allows for that"
        ]
