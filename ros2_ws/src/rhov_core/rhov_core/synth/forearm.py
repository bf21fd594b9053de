"""The arm behind the hand: its skin from the wrist, and a sleeve over the elbow to the shoulder.

Nothing of it belongs to the hand model; it is what hands in videos hang on, and what hand detectors look for.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.cues import Side
from rhov_core.pose import exp_rotation, transform_points

_FILE = Path(__file__).parent / "data" / "forearm.npz"
WRIST_LIMIT = 1.0
"""The forearm bends at most this far against the hand [rad]."""
UPPER_ARM = 0.28
"""Elbow to shoulder [m]."""
_CUFF = 0.135
"""From the wrist to the end of the sleeve [m]."""
_BEND = 0.06
"""Over this length the wrist's skin passes from the hand to the forearm [m]."""
_AROUND = 28
_ROUNDING = 0.07
"""From the elbow to where the sleeve begins to bend [m]."""


class Forearm(NamedTuple):
    """The skin of a forearm at rest, in the axes of the hand model."""

    vertices: FloatArray
    """(V, 3) [m]"""
    faces: NDArray[np.int32]
    """(F, 3)"""
    follows: FloatArray
    """(V,) 0: moves with the hand, 1: with the forearm."""
    hand_vertex: NDArray[np.int64]
    """(V,) the hand's vertex at the same place, -1 for none."""
    elbow: FloatArray
    """(3,) [m]"""

    def posed(self, T_world_hand: FloatArray, T_world_forearm: FloatArray, hand_vertices: FloatArray) -> FloatArray:
        """Vertices (V, 3) between a hand with the given vertices (W, 3) and the forearm [m]."""
        stiff, bent = (transform_points(T, self.vertices) for T in (T_world_hand, T_world_forearm))
        posed = stiff + self.follows[:, None] * (bent - stiff)
        seam = self.hand_vertex >= 0
        posed[seam] = hand_vertices[self.hand_vertex[seam]]
        return posed


@lru_cache(maxsize=2)
def load_forearm(side: Side) -> Forearm:
    """The forearm of the free hand model, without the skin that the sleeve hides."""
    with np.load(_FILE, allow_pickle=False) as file:
        vertices, faces, hand_vertex, elbow = (file[k] for k in ("vertices", "faces", "hand_vertex", "elbow"))
    along = vertices @ elbow / np.linalg.norm(elbow)
    faces = faces[along[faces].min(1) < _CUFF + 0.03]
    s = np.clip(along / _BEND, 0, 1)
    follows = np.where(hand_vertex >= 0, 0.0, s * s * (3 - 2 * s))
    if side == "left":
        flip = np.array([-1.0, 1.0, 1.0])
        vertices, elbow, faces = vertices * flip, elbow * flip, faces[:, ::-1]
    return Forearm(vertices, np.ascontiguousarray(faces, np.int32), follows, hand_vertex, elbow)


def place_forearm(forearm: Forearm, T_world_hand: FloatArray, shoulder: FloatArray) -> FloatArray:
    """T_world_forearm (4, 4): the forearm turned about the wrist so that an upper arm reaches a shoulder (3,) [m].

    The elbow hangs below the line from shoulder to wrist. The wrist bends no further than `WRIST_LIMIT`: if the
    hand lies otherwise, the elbow stays where it can.
    """
    R, wrist = T_world_hand[:3, :3], T_world_hand[:3, 3]
    length = float(np.linalg.norm(forearm.elbow))
    wanted = R.T @ (_elbow(wrist, shoulder, length) - wrist)
    straight, wanted = forearm.elbow / length, wanted / np.linalg.norm(wanted)
    axis = np.cross(straight, wanted)
    sine = float(np.linalg.norm(axis))
    angle = min(float(np.arctan2(sine, straight @ wanted)), WRIST_LIMIT)
    T = T_world_hand.copy()
    T[:3, :3] = R @ exp_rotation(axis / max(sine, 1e-9) * angle)
    return T


def _elbow(wrist: FloatArray, shoulder: FloatArray, forearm: float) -> FloatArray:
    """Where the elbow (3,) would be if the wrist could bend any way: two bones, bent downwards."""
    way = shoulder - wrist
    distance = float(np.linalg.norm(way))
    way = way / distance
    reach = float(np.clip((distance**2 + forearm**2 - UPPER_ARM**2) / (2 * distance), -forearm, forearm))
    down = np.array([0.0, 0.0, -1.0]) - way * -way[2]
    down /= np.linalg.norm(down) + 1e-9
    return np.asarray(wrist + way * reach + down * np.sqrt(max(forearm**2 - reach**2, 0.0)))


def sleeve_rings() -> int:
    """Number of rings of the sleeve."""
    return len(_stations(np.zeros(3), np.array([0.2, 0, 0]), np.array([0.4, 0, 0.1])))


def sleeve_rest() -> tuple[FloatArray, NDArray[np.int32]]:
    """The sleeve laid out straight, for its texture: vertices (V, 3) [m] and faces (F, 3)."""
    rings = sleeve_rings()
    along = np.linspace(0, 0.45, rings)
    angle = np.arange(_AROUND) * 2 * np.pi / _AROUND
    circle = 0.05 * np.stack([np.zeros(_AROUND), np.cos(angle), np.sin(angle)], axis=1)
    vertices = (circle[None] + along[:, None, None] * np.array([1.0, 0, 0])).reshape(-1, 3)
    a = np.arange((rings - 1) * _AROUND)
    b = a - a % _AROUND + (a + 1) % _AROUND
    faces = np.concatenate([np.stack([a, b, a + _AROUND], 1), np.stack([b, b + _AROUND, a + _AROUND], 1)])
    return vertices, faces.astype(np.int32)


def pose_sleeve(T_world_forearm: FloatArray, elbow: FloatArray, shoulder: FloatArray) -> FloatArray:
    """Vertices (V, 3) [m] of the sleeve from the middle of the forearm over the elbow to the shoulder.

    Args:
        T_world_forearm: (4, 4).
        elbow: (3,) at rest [m].
        shoulder: (3,) in the world [m].
    """
    R, wrist = T_world_forearm[:3, :3], T_world_forearm[:3, 3]
    along = R @ (elbow / np.linalg.norm(elbow))
    centres = _stations(wrist + _CUFF * along, wrist + R @ elbow, shoulder)
    count = len(centres)
    tangents = np.gradient(centres, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)  # an arm folded onto itself
    side = np.cross(tangents[0], R @ np.array([0.0, 1.0, 0.0]))
    s = np.arange(count) / (count - 1)
    radius = 0.036 + 0.026 * np.sqrt(s) + 0.0018 * np.sin(17 * s + 0.5) + 0.002 * (np.arange(count) == 1)
    angle = np.arange(_AROUND) * 2 * np.pi / _AROUND
    rings = []
    for centre, tangent, r in zip(centres, tangents, radius, strict=True):
        side = side - tangent * (side @ tangent)
        side /= np.linalg.norm(side)
        up = np.cross(tangent, side)
        rings.append(centre + r * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up))
    return np.concatenate(rings)


def _stations(cuff: FloatArray, elbow: FloatArray, shoulder: FloatArray) -> FloatArray:
    """Centres (N, 3) of the sleeve's rings: two straight pieces and a rounded elbow."""
    before = elbow + (cuff - elbow) * min(1.0, _ROUNDING / float(np.linalg.norm(cuff - elbow)))
    after = elbow + (shoulder - elbow) * min(1.0, _ROUNDING / float(np.linalg.norm(shoulder - elbow)))
    t = np.linspace(0, 1, 8)[:, None]
    corner = (1 - t) ** 2 * before + 2 * t * (1 - t) * elbow + t**2 * after
    s = np.linspace(0, 1, 8)[:-1, None]
    first, last = cuff + s * (before - cuff), after + (1 - s[::-1]) * (shoulder - after)
    return np.concatenate([first, corner, last])
