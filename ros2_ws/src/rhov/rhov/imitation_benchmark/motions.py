"""What is done with an object in the benchmark of imitation: ten motions at human speed, half of them hard."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.pose import difference, exp_rotation, interpolate, make_transform
from rhov_core.synth.synth_object import SynthObject
from rhov_core.trajectory import HandObjectTrajectory

RATE: Final = 30.0
"""Frames per second."""
UP_IN_CAMERA: Final = (0.0, -float(np.cos(0.5)), -float(np.sin(0.5)))
"""The camera looks down by 0.5 rad."""
_SPEED, _TURN_RATE = 0.35, 2.0
"""Mean speed of a hand on a stroke [m/s], [rad/s]; the peak is 1.9 times that."""
_SHORTEST = 0.35
"""Of a stroke [s]."""
_STILL = 0.2
"""Before the first and after the last stroke [s]."""
_DISTANCE = 0.8
"""From the camera to where the object stands [m]."""


@dataclass(frozen=True)
class MotionKind:
    """One of the ten motions."""

    name: str
    hard: bool
    way: Callable[[FloatArray, np.random.Generator], list[FloatArray]]
    """Poses (4, 4) in the world, z up, after the given one (4, 4), in which the object stands on the table z = 0."""


def demonstration(thing: SynthObject, kind: MotionKind, seed: int = 0) -> HandObjectTrajectory:
    """The exact motion of an object that stands on a table and is moved by a hand, as a camera would see it.

    Args:
        thing: The object; it stands as it usually does, turned at random.
        kind: What is done with it.
        seed: Of directions and sizes, together with the names of object and motion.
    """
    random = np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in (thing.name, kind.name))])
    start = _turned(thing.T_world_object, [0.0, 0.0, random.uniform(-np.pi, np.pi)])
    way = [start, *kind.way(start, random)]
    poses = np.concatenate([_held(start, _STILL), *map(_stroke, way[:-1], way[1:]), _held(way[-1], _STILL)])
    down = np.array([[1.0, 0, 0], [0, -np.sin(0.5), -np.cos(0.5)], [0, np.cos(0.5), -np.sin(0.5)]])
    T_camera_world = make_transform(down, [0.0, 0.1, _DISTANCE])
    K = np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]])
    stamp, covariance = np.arange(len(poses)) / RATE, np.diag([1e-6] * 3 + [1e-5] * 3)
    return HandObjectTrajectory.without_hand(thing.name, stamp, T_camera_world @ poses, K, (640, 480), covariance)


def _lift(start: FloatArray, random: np.random.Generator) -> list[FloatArray]:
    return [_moved(start, [0.0, 0.0, random.uniform(0.1, 0.2)])]


def _carry(distance: float) -> Callable[[FloatArray, np.random.Generator], list[FloatArray]]:
    def way(start: FloatArray, random: np.random.Generator) -> list[FloatArray]:
        lifted = _moved(start, [0.0, 0.0, 0.1])
        return [lifted, _moved(lifted, distance * _sideways(random) + [0, 0, random.uniform(-0.03, 0.08)])]

    return way


def _turn(low: float, high: float) -> Callable[[FloatArray, np.random.Generator], list[FloatArray]]:
    def way(start: FloatArray, random: np.random.Generator) -> list[FloatArray]:
        lifted = _moved(start, [0.0, 0.0, 0.12])
        return [lifted, _turned(lifted, [0.0, 0.0, random.choice([-1, 1]) * random.uniform(low, high)])]

    return way


def _tilt(low: float, high: float) -> Callable[[FloatArray, np.random.Generator], list[FloatArray]]:
    def way(start: FloatArray, random: np.random.Generator) -> list[FloatArray]:
        lifted = _moved(start, [0.0, 0.0, 0.15])
        return [lifted, _turned(lifted, _sideways(random) * random.uniform(low, high))]

    return way


def _pour(start: FloatArray, random: np.random.Generator) -> list[FloatArray]:
    beside = _moved(start, 0.15 * _sideways(random) + [0, 0, 0.18])
    poured = _turned(beside, _sideways(random) * random.uniform(1.1, np.pi / 2))
    return [beside, poured, poured, beside]


def _place(distance: float, turn: float) -> Callable[[FloatArray, np.random.Generator], list[FloatArray]]:
    def way(start: FloatArray, random: np.random.Generator) -> list[FloatArray]:
        above = _moved(start, [0.0, 0.0, 0.1])
        there = _moved(above, distance * _sideways(random))
        there = _turned(there, [0.0, 0.0, turn * random.uniform(-1, 1)])
        return [above, there, _moved(there, [0.0, 0.0, -0.1])]

    return way


MOTIONS: Final = {
    kind.name: kind
    for kind in (
        MotionKind("lift", False, _lift),
        MotionKind("carry 15 cm", False, _carry(0.15)),
        MotionKind("turn to 45 deg", False, _turn(0.4, np.pi / 4)),
        MotionKind("tilt to 35 deg", False, _tilt(0.3, 0.6)),
        MotionKind("place near", False, _place(0.15, 0.4)),
        MotionKind("carry 30 cm", True, _carry(0.3)),
        MotionKind("turn to 90 deg", True, _turn(1.1, np.pi / 2)),
        MotionKind("tilt to 90 deg", True, _tilt(1.1, np.pi / 2)),
        MotionKind("pour", True, _pour),
        MotionKind("place far", True, _place(0.3, np.pi / 2)),
    )
}
"""By name."""


def _moved(pose: FloatArray, shift: FloatArray | list[float]) -> FloatArray:
    out = pose.copy()
    out[:3, 3] += shift
    return out


def _turned(pose: FloatArray, turn: FloatArray | list[float]) -> FloatArray:
    """Turned about its own origin by a rotation vector in the world [rad]."""
    return make_transform(exp_rotation(turn) @ pose[:3, :3], pose[:3, 3])


def _sideways(random: np.random.Generator) -> FloatArray:
    """A horizontal unit vector (3,)."""
    angle = random.uniform(-np.pi, np.pi)
    return np.array([np.cos(angle), np.sin(angle), 0.0])


def _stroke(start: FloatArray, end: FloatArray) -> FloatArray:
    """Poses (N, 4, 4) from one to another, from rest to rest."""
    xi = difference(end, start)
    seconds = max(_SHORTEST, float(np.linalg.norm(xi[:3])) / _SPEED, float(np.linalg.norm(xi[3:])) / _TURN_RATE)
    s = np.arange(1, round(seconds * RATE) + 1) / round(seconds * RATE)
    return np.stack([interpolate(start, end, x) for x in s**3 * (10 + s * (6 * s - 15))])


def _held(pose: FloatArray, seconds: float) -> FloatArray:
    return np.repeat(pose[None], round(seconds * RATE), axis=0)
