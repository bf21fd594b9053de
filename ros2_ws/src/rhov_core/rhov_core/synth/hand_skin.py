"""A hand whose clearance from an object is computed finger by finger, for compiled loops."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.hand import FINGER_JOINTS, FINGERS, HandModel, JointLimits
from rhov_core.sdf import SignedDistanceGrid

_OF_FINGER = 0.5
"""A vertex belongs to a finger, or to one of its links, if these joints have more than this share of its weight."""
PALM = 15
"""Group of the vertices that belong to no finger; groups 0 to 14 are the links, three for each finger."""


class Skin(NamedTuple):
    """The resting hand in arrays of numpy, its vertices sorted by group."""

    vertices: FloatArray
    """(V, 3) [m]"""
    joints: FloatArray
    """(16, 3) [m]"""
    influence: NDArray[np.int64]
    """(V, K) joints that move each vertex."""
    weights: FloatArray
    """(V, K)"""
    first: NDArray[np.int64]
    """(17,) first vertex of each group, and the number of vertices."""
    chains: NDArray[np.int64]
    """(5, 3) joints of each finger."""
    axes: FloatArray
    """(15, 3, 3) rows: flexion, abduction, twist axis of the joints 1 to 15."""
    lower: FloatArray
    """(15, 3) smallest angles [rad]."""
    upper: FloatArray
    """(15, 3) largest angles [rad]."""
    pads: NDArray[np.int64]
    """(P,) vertices of the fingers' pads, finger by finger."""
    first_pad: NDArray[np.int64]
    """(6,) where the pad of each finger begins in `pads`, and its length."""


class Field(NamedTuple):
    """A signed distance grid in plain arrays."""

    values: NDArray[np.float32]
    origin: FloatArray
    spacing: float

    @classmethod
    def of(cls, grid: SignedDistanceGrid) -> Field:
        """The arrays of a grid."""
        return cls(np.array(grid.values), np.array(grid.origin), float(grid.spacing))


@lru_cache(maxsize=4)
def hand_skin(model: HandModel) -> Skin:
    """The arrays of a hand model; pose blend shapes are left out."""
    limits = JointLimits.of(model)
    chains = np.array([FINGER_JOINTS[finger] for finger in FINGERS])
    group = np.full(len(model.template), PALM)
    for f, chain in enumerate(chains):
        of_finger = model.weights[:, chain].sum(1) > _OF_FINGER
        group[of_finger] = 3 * f + model.weights[of_finger][:, chain].argmax(1)
    order = np.argsort(group, kind="stable")
    most = int((model.weights > 0).sum(1).max())
    influence = np.argsort(-model.weights[order], axis=1, kind="stable")[:, :most]
    place = np.argsort(order)
    pads = [place[np.asarray(model.fingertip_vertices[finger])] for finger in FINGERS]
    return Skin(
        np.array(model.template[order]),
        np.array(model.joint_template),
        influence,
        np.take_along_axis(model.weights[order], influence, 1),
        np.searchsorted(group[order], np.arange(PALM + 2)),
        chains,
        np.array(limits.axes),
        np.array(limits.lower),
        np.array(limits.upper),
        np.concatenate(pads),
        np.cumsum([0, *(len(pad) for pad in pads)]),
    )


@numba.njit(cache=True, nogil=True)
def rotation(x: float, y: float, z: float) -> Any:
    """Rotation matrix of a rotation vector."""
    angle = math.sqrt(x * x + y * y + z * z)
    out = np.eye(3)
    if angle < 1e-9:
        return out
    x, y, z = x / angle, y / angle, z / angle
    s, c = math.sin(angle), math.cos(angle)
    d = 1.0 - c
    out[0, 0], out[0, 1], out[0, 2] = c + d * x * x, d * x * y - s * z, d * x * z + s * y
    out[1, 0], out[1, 1], out[1, 2] = d * x * y + s * z, c + d * y * y, d * y * z - s * x
    out[2, 0], out[2, 1], out[2, 2] = d * x * z - s * y, d * y * z + s * x, c + d * z * z
    return out


@numba.njit(cache=True, nogil=True)
def place_palm(skin: Any, R: Any, t: Any, moved: Any) -> None:
    """Writes the wrist's skinning transform into moved (16, 3, 4), of a hand turned by R about its wrist."""
    wrist = skin.joints[0]
    for a in range(3):
        for b in range(3):
            moved[0, a, b] = R[a, b]
        moved[0, a, 3] = wrist[a] + t[a] - (R[a, 0] * wrist[0] + R[a, 1] * wrist[1] + R[a, 2] * wrist[2])


@numba.njit(cache=True, nogil=True)
def place_finger(skin: Any, finger: int, angles: Any, moved: Any) -> None:
    """Writes the skinning transforms of a finger's joints into moved (16, 3, 4), whose wrist is in place.

    Args:
        skin: The hand.
        finger: 0 to 4, thumb first.
        angles: (15, 3) of all joints [rad].
        moved: Skinning transforms: rest to posed.
    """
    parent = 0
    for k in range(3):
        j = skin.chains[finger, k]
        w = np.zeros(3)
        for a in range(3):
            for c in range(3):
                w[c] += angles[j - 1, a] * skin.axes[j - 1, a, c]
        turn = rotation(w[0], w[1], w[2])
        origin = skin.joints[j]
        for a in range(3):
            for b in range(3):
                value = 0.0
                for c in range(3):
                    value += moved[parent, a, c] * turn[c, b]
                moved[j, a, b] = value
        for a in range(3):
            shift = moved[parent, a, 3]
            for c in range(3):
                shift += (moved[parent, a, c] - moved[j, a, c]) * origin[c]
            moved[j, a, 3] = shift
        parent = j


@numba.njit(cache=True, nogil=True)
def skinned(skin: Any, moved: Any, v: int, out: Any) -> None:
    """Writes the posed vertex v into out (3,)."""
    x, y, z = skin.vertices[v, 0], skin.vertices[v, 1], skin.vertices[v, 2]
    for a in range(3):
        out[a] = 0.0
    for k in range(skin.influence.shape[1]):
        weight = skin.weights[v, k]
        if weight > 0.0:
            M = moved[skin.influence[v, k]]
            for a in range(3):
                out[a] += weight * (M[a, 0] * x + M[a, 1] * y + M[a, 2] * z + M[a, 3])


@numba.njit(cache=True, nogil=True)
def distance_at(field: Any, p: Any) -> float:
    """Signed distance [m] of a point (3,), as `SignedDistanceGrid.distance`."""
    beyond = 0.0
    n0, n1, n2 = field.values.shape
    g = np.empty(3)
    for d in range(3):
        raw = (p[d] - field.origin[d]) / field.spacing
        g[d] = min(max(raw, 0.0), field.values.shape[d] - 1.0)
        beyond += (raw - g[d]) ** 2
    i, j, k = min(int(g[0]), n0 - 2), min(int(g[1]), n1 - 2), min(int(g[2]), n2 - 2)
    x, y, z = g[0] - i, g[1] - j, g[2] - k
    total = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                weight = (x if a else 1 - x) * (y if b else 1 - y) * (z if c else 1 - z)
                total += weight * field.values[i + a, j + b, k + c]
    return total + math.sqrt(beyond) * field.spacing


@numba.njit(cache=True, nogil=True)
def surface_normal(field: Any, p: Any) -> Any:
    """Unit vector (3,) away from the object at a point (3,): the slope of the distance over a cell."""
    normal, q = np.empty(3), p.copy()
    for d in range(3):
        q[d] = p[d] + field.spacing
        ahead = distance_at(field, q)
        q[d] = p[d] - field.spacing
        normal[d] = ahead - distance_at(field, q)
        q[d] = p[d]
    return normal / max(math.sqrt((normal * normal).sum()), 1e-12)


@numba.njit(cache=True, nogil=True)
def clearance(skin: Any, moved: Any, field: Any, first_group: int, last_group: int, enough: float) -> float:
    """Smallest signed distance [m] of the vertices of some groups, or the first one found below `enough`."""
    nearest = 1e9
    p = np.empty(3)
    for v in range(skin.first[first_group], skin.first[last_group + 1]):
        skinned(skin, moved, v, p)
        d = distance_at(field, p)
        if d < nearest:
            nearest = d
            if nearest < enough:
                return nearest
    return nearest


@numba.njit(cache=True, nogil=True)
def pad_contact(skin: Any, moved: Any, field: Any, finger: int, place: Any) -> float:
    """Smallest signed distance [m] of a finger's pad; the vertex that has it is written into place (3,)."""
    nearest = 1e9
    p = np.empty(3)
    for n in range(skin.first_pad[finger], skin.first_pad[finger + 1]):
        skinned(skin, moved, skin.pads[n], p)
        d = distance_at(field, p)
        if d < nearest:
            nearest = d
            place[:] = p
    return nearest


@numba.njit(cache=True, nogil=True)
def posed(skin: Any, R: Any, t: Any, angles: Any) -> Any:
    """Vertices (V, 3) [m] of the hand, sorted by group."""
    moved = np.empty((16, 3, 4))
    place_palm(skin, R, t, moved)
    for finger in range(5):
        place_finger(skin, finger, angles, moved)
    out = np.empty_like(skin.vertices)
    for v in range(len(out)):
        skinned(skin, moved, v, out[v])
    return out
