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
    """Relative standard deviation of the focal length; 0: it was given and is believed."""
    size_error: float
    """Natural logarithm of the factor by which hand and mesh disagree; 0 unless they contradict each other."""
    size_given: bool
    """Whether the mesh is metric; else the object's size comes from the hand's."""
    size_checked: bool
    """Whether hand and object touch clearly enough to compare their sizes."""

    @classmethod
    def of(cls, focal_sigma: float, sizes: Sizes, *, object_is_metric: bool = True) -> ScaleDoubt:
        """What stage one and the camera's origin leave in doubt."""
        checked = math.isfinite(sizes.meeting_factor)
        off = math.log(sizes.meeting_factor) if checked else 0.0
        return cls(focal_sigma, off if abs(off) > NOTICED else 0.0, object_is_metric, checked)

    def covariance(self, T: FloatArray) -> FloatArray:
        """What it adds to the covariances (N, 6, 6) [translation, rotation] of poses (N, 4, 4) with centred meshes.

        A wrong focal length moves an object along the optical axis, a wrong size along its viewing ray.
        """
        t, out = T[:, :3, 3], np.zeros((len(T), 6, 6))
        out[:, :3, :3] = self.size_error**2 * t[:, :, None] * t[:, None, :]
        out[:, 2, 2] += np.square(self.focal_sigma * t[:, 2])
        return out

    def notes(self) -> list[str]:
        """What the user has to know of the distances: a contradiction, or else what they rest on."""
        if self.size_error:
            return [self._contradiction()]
        if not self.size_given:
            return ["sizes and distances rest on an average hand; people's hands differ by about 5 %"]
        given = (
            "mesh's size as it was given" if self.focal_sigma else "focal length and the mesh's size as they were given"
        )
        check = (
            f"the hand meets the object at an ordinary size, which bears out the mesh to about {100 * NOTICED:.0f} %"
            if self.size_checked
            else "no clear contact with a hand could check the mesh"
        )
        return [f"distances from the camera rest on the {given}: x % too large there puts all x % too far; {check}"]

    def _contradiction(self) -> str:
        percent = 100 * (math.exp(self.size_error) - 1)
        hand, mesh = ("larger", "large") if percent > 0 else ("smaller", "small")
        return (
            f"hand and object only meet if the hand is {abs(percent):.0f} % {hand} than an average one, while hands "
            f"differ by about 5 %: the mesh may be too {mesh}, and with it all distances from the camera; their "
            "covariance allows for that"
        )
