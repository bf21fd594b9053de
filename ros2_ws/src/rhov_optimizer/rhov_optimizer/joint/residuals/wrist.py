"""A lost object that the hand holds follows the wrist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.pose import difference, inverse
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.object_config import ObjectSolverConfig

REFERENCES = 4
"""So many of the nearest frames on either side that show hand and object tell how it is held."""
HOLDING = 0.5
"""At least this share of them must find the hand at the object, on each side that has any."""
FARTHEST = 1.5
"""How long ago hand and object may have been seen together [s]."""
FREEDOM = 4.0
"""Of Student's t: hands are grossly wrong at times, and let go."""
# What `ObjectSolverConfig` takes wrists to be wrong by was measured where the hand holds the object in 18 rendered
# clips: between frames a third of a second apart or more, medians of 10 mm across the ray, 20 mm along it, 11 degrees.


@dataclass(frozen=True)
class WristTrack:
    """Where the wrist is, as single images show it: to be believed in changes, not in its place."""

    T: FloatArray
    """(N, 4, 4) camera frame."""
    valid: BoolArray
    """(N,) where a hand was seen."""
    holds: BoolArray
    """(N,) where it is at the object."""


class WristResidual:
    """In frames that lost the object, its pose relative to the wrist is that of the frames around.

    Where the object itself is seen it is known ten times better, and the wrist has no say: the frames that tell how
    the object is held are taken to be known.

    Args:
        wrist: The hand.
        seen: (N,) where the object is measured.
        stamps: (N,) [s].
        config: Settings.
    """

    def __init__(self, wrist: WristTrack, seen: BoolArray, stamps: FloatArray, config: ObjectSolverConfig) -> None:
        self._wrist, self._config = wrist, config
        together = np.flatnonzero(seen & wrist.valid)
        self._references: dict[int, list[int]] = {}
        for frame in np.flatnonzero(~seen & wrist.valid):
            near = together[np.abs(stamps[together] - stamps[frame]) < FARTHEST]
            sides = [near[near < frame][-REFERENCES:], near[near > frame][:REFERENCES]]
            sides = [side for side in sides if len(side)]
            if sides and all(wrist.holds[side].mean() >= HOLDING for side in sides):
                self._references[int(frame)] = [int(i) for i in np.concatenate(sides)]

    def __len__(self) -> int:
        """Number of frames in which the object follows the wrist."""
        return len(self._references)

    def linearise(self, T: FloatArray, system: ClipSystem) -> None:
        """Adds the frames at the poses T (N, 4, 4) of the centred mesh to the system."""
        for frame, references in self._references.items():
            precision = self._precision(T[frame])
            for i in references:
                carried = self._wrist.T[frame] @ inverse(self._wrist.T[i]) @ T[i]
                error = difference(T[frame], carried)
                weight = (FREEDOM + 6) / (FREEDOM + float(error @ precision @ error)) / len(references)
                share = self._config.wrist_weight * weight * precision
                system.add(frame, share, share @ error)

    def squares(self, T: FloatArray) -> FloatArray:
        """Squared errors (M,) at poses T (N, 4, 4), divided by what is expected."""
        squares = []
        for frame, references in self._references.items():
            precision = self._precision(T[frame])
            for i in references:
                error = difference(T[frame], self._wrist.T[frame] @ inverse(self._wrist.T[i]) @ T[i])
                squares.append(float(error @ precision @ error) / 6)
        return np.array(squares)

    def _precision(self, T: FloatArray) -> FloatArray:
        """(6, 6) of where a wrist carries an object that was at T (4, 4)."""
        config = self._config
        ray = T[:3, 3] / max(float(np.linalg.norm(T[:3, 3])), 1e-9)
        out = np.eye(6) / config.wrist_rotation**2
        along = 1 / config.wrist_depth**2 - 1 / config.wrist_translation**2
        out[:3, :3] = np.eye(3) / config.wrist_translation**2 + along * np.outer(ray, ray)
        return out
