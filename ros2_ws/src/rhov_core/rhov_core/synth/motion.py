"""How people move: minimum-jerk strokes of a hand that is free or holds an object.

World frame: z up, the table at z = 0, the person at -y, the work around the origin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.pose import difference, exp_rotation, interpolate, make_transform, perturb

TREMOR = np.array([0.0003] * 3 + [0.003] * 3)
"""Amplitude of the hand's tremor, translation [m] and rotation [rad]."""
_TREMOR_BAND = (8.0, 12.0)
"""[1/s]"""


class HandPose(NamedTuple):
    """A hand in some frame."""

    wrist: FloatArray
    """(4, 4) pose of the wrist."""
    fingers: FloatArray
    """(45,) rotation vectors of the finger joints [rad]."""


class State(NamedTuple):
    """Where everything is at one time."""

    T_world_object: FloatArray
    """(4, 4)"""
    hand: HandPose
    """In the world."""
    held: bool
    """Whether the object moves with the hand."""


def minimum_jerk(s: float) -> float:
    """The stroke from 0 to 1 with the least jerk (Flash and Hogan, 1985), at rest before 0 and after 1."""
    x = min(max(s, 0.0), 1.0)
    return x**3 * (10 - 15 * x + 6 * x * x)


class Piece(Protocol):
    """A part of the time line. `s` goes from 0 at its start to 1 at its end."""

    @property
    def weight(self) -> float:
        """Its natural duration [s]; the time line stretches all alike."""
        ...

    @property
    def held(self) -> bool:
        """Whether the object moves with the hand."""
        ...

    def at(self, s: float) -> tuple[FloatArray, HandPose]:
        """T_world_object (4, 4) and the hand in the world."""
        ...

    def tremor(self, s: float) -> float:
        """How much of the tremor shows, 0 to 1."""
        ...


@dataclass(frozen=True)
class Stroke:
    """The object is carried from one pose to another, or held still."""

    start: FloatArray
    """(4, 4) T_world_object."""
    end: FloatArray
    """(4, 4) T_world_object."""
    grasp: HandPose
    """Object frame."""
    weight: float
    rests: tuple[bool, bool] = (False, False)
    """Whether the object stands on the table at the start and at the end."""
    held: bool = True

    def at(self, s: float) -> tuple[FloatArray, HandPose]:
        """T_world_object (4, 4) and the hand in the world."""
        T = interpolate(self.start, self.end, minimum_jerk(s))
        return T, HandPose(T @ self.grasp.wrist, self.grasp.fingers)

    def tremor(self, s: float) -> float:
        """None where the object stands on the table."""
        if all(self.rests):
            return 0.0
        rise = minimum_jerk(2 * s) if self.rests[0] else 1.0
        return rise * (minimum_jerk(2 - 2 * s) if self.rests[1] else 1.0)


@dataclass(frozen=True)
class Approach:
    """The free hand comes to the object and closes, or (backwards) opens and goes, while the object stands still."""

    T_world_object: FloatArray
    """(4, 4)"""
    grasp: HandPose
    """Object frame."""
    open_fingers: FloatArray
    """(45,) [rad]"""
    back: FloatArray
    """(3,) last part of the way, from the object to where the hand comes from; object frame [m]."""
    away: FloatArray
    """(6,) where the hand is at first, off the grasp: translation [m] and rotation [rad] in the world."""
    weight: float
    backwards: bool = False
    held: bool = False

    def at(self, s: float) -> tuple[FloatArray, HandPose]:
        """T_world_object (4, 4) and the hand in the world."""
        s = 1 - s if self.backwards else s
        far, near = 1 - minimum_jerk(s / 0.62), 1 - minimum_jerk((s - 0.2) / 0.55)
        wrist = self.grasp.wrist.copy()
        wrist[:3, 3] += near * self.back
        wrist = perturb(self.T_world_object @ wrist, far * self.away)
        closed = minimum_jerk((s - 0.72) / 0.28)
        return self.T_world_object, HandPose(
            wrist, self.open_fingers + closed * (self.grasp.fingers - self.open_fingers)
        )

    def tremor(self, s: float) -> float:
        """None near the object."""
        return 1 - minimum_jerk((1 - s if self.backwards else s) / 0.6)


@dataclass(frozen=True)
class Passage:
    """The free hand goes from one place to another in an arc over the object, which stands still."""

    T_world_object: FloatArray
    """(4, 4)"""
    start: HandPose
    """World."""
    end: HandPose
    """World."""
    rise: float
    """Height of the arc [m]."""
    weight: float
    held: bool = False

    def at(self, s: float) -> tuple[FloatArray, HandPose]:
        """T_world_object (4, 4) and the hand in the world."""
        x = minimum_jerk(s)
        wrist = interpolate(self.start.wrist, self.end.wrist, x)
        wrist[2, 3] += self.rise * np.sin(np.pi * x) ** 2
        return self.T_world_object, HandPose(wrist, self.start.fingers + x * (self.end.fingers - self.start.fingers))

    def tremor(self, s: float) -> float:
        """All of it."""
        return 1.0


class Motion:
    """A time line of pieces, stretched to a duration.

    Args:
        pieces: One after the other, each starting where the one before ends.
        seconds: Of all together.
        rng: For the tremor.
    """

    def __init__(self, pieces: list[Piece], seconds: float, rng: np.random.Generator) -> None:
        weights = np.array([piece.weight for piece in pieces])
        self.pieces, self.seconds = pieces, seconds
        self._ends = np.cumsum(weights) / weights.sum() * seconds
        self._tremor = _tremor(rng)

    def at(self, time: float) -> State:
        """The state at a time [s], also a little before the start and after the end."""
        k = min(int(np.searchsorted(self._ends, time, side="right")), len(self.pieces) - 1)
        begin, piece = (self._ends[k - 1] if k else 0.0), self.pieces[k]
        s = (time - begin) / (self._ends[k] - begin)
        T, hand = piece.at(min(max(s, 0.0), 1.0))
        shake = piece.tremor(s) * self._tremor(time)
        wrist = perturb(hand.wrist, shake)
        if piece.held:  # object and hand are one body, which shakes about the wrist
            T = wrist @ np.linalg.inv(hand.wrist) @ T
        return State(T, HandPose(wrist, hand.fingers), piece.held)


def _tremor(rng: np.random.Generator) -> Callable[[float], FloatArray]:
    frequency, phase = rng.uniform(*_TREMOR_BAND, (6, 6)), rng.uniform(0, 2 * np.pi, (6, 6))
    return lambda t: TREMOR * np.sin(2 * np.pi * frequency * t + phase).sum(0) / np.sqrt(3)


def about_point(turn: FloatArray, point: FloatArray) -> FloatArray:
    """The transform (4, 4) that turns by a rotation vector (3,) [rad] about a point (3,) [m]."""
    R = exp_rotation(turn)
    return make_transform(R, point - R @ point)


def off(start: FloatArray, end: FloatArray) -> float:
    """How long a stroke between two poses (4, 4) naturally takes [s]: about 0.35 m/s and 2 rad/s on average."""
    xi = difference(end, start)
    return max(0.35, float(np.linalg.norm(xi[:3])) / 0.35, float(np.linalg.norm(xi[3:])) / 2.0)
