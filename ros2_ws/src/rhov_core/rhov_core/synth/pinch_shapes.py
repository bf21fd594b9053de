"""Shapes of a hand that is about to pinch: thumb and fingertips face each other over a gap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.hand import FINGERS, HandModel
from rhov_core.hand.anatomy import palm_axes
from rhov_core.synth.hand_skin import hand_skin

_TRIED, _BATCH = 12000, 400
_BIN = 0.006
"""Shapes are kept by gap in steps of this [m]."""
_KEPT = 10
"""Of each step, the shapes whose pads face each other best."""
_FACING = 0.55
"""Least product of each pad's direction and the line between thumb and fingers."""
_STRAIGHT = np.radians([30.0, 8.0, 12.0])


@dataclass(frozen=True, eq=False)
class PinchShape:
    """A hand at rest position with bent fingers."""

    angles: FloatArray
    """(15, 3) of the finger joints [rad]."""
    middle: FloatArray
    """(3,) between the pads [m]."""
    axis: FloatArray
    """(3,) unit vector from the thumb's pad to those of the fingers."""
    pointing: FloatArray
    """(3,) unit vector across the axis, along which the fingers reach for things."""


@dataclass(frozen=True, eq=False)
class PinchShapes:
    """Shapes by the gap between the pads."""

    shapes: tuple[PinchShape, ...]
    gaps: FloatArray
    """(N,) of each shape [m], ascending."""

    def choose(self, gap: float, rng: np.random.Generator) -> PinchShape | None:
        """A random shape of about this gap [m], None if there is none."""
        near = np.flatnonzero(np.abs(self.gaps - gap) < _BIN / 2)
        return self.shapes[rng.choice(near)] if len(near) else None


@lru_cache(maxsize=2)
def pinch_shapes(model: HandModel) -> PinchShapes:
    """Samples the shapes of a right hand; takes about a second."""
    rng = np.random.default_rng(0)
    angles = _random_angles(model, rng, _TRIED)
    parts = [_pads(model, batch) for batch in np.array_split(angles, _TRIED // _BATCH)]
    pads, facing = (np.concatenate(part) for part in zip(*parts, strict=True))
    others = pads[:, 1:3].mean(1)
    axis = others - pads[:, 0]
    gap = np.linalg.norm(axis, axis=1)
    axis /= gap[:, None]
    quality = np.minimum((facing[:, 0] * axis).sum(-1), -(facing[:, 1:3] * axis[:, None]).sum(-1).max(1))
    level = np.abs(((pads[:, 1] - pads[:, 2]) * axis).sum(-1))  # index and middle finger reach equally far
    quality = quality - 15 * level
    kept = []
    for low in np.arange(0.004, 0.1, _BIN):
        inside = np.flatnonzero((gap >= low) & (gap < low + _BIN) & (quality > _FACING))
        kept += inside[np.argsort(-quality[inside], kind="stable")[:_KEPT]].tolist()
    kept = sorted(kept, key=lambda i: float(gap[i]))
    palm = _palm_centre(model)
    shapes = []
    for i in kept:
        middle = (others[i] + pads[i, 0]) / 2
        pointing = middle - palm
        pointing -= axis[i] * (axis[i] @ pointing)
        shapes.append(PinchShape(angles[i], middle, axis[i], pointing / np.linalg.norm(pointing)))
    return PinchShapes(tuple(shapes), gap[kept])


def _random_angles(model: HandModel, rng: np.random.Generator, count: int) -> FloatArray:
    """(count, 15, 3) of hands with opposed thumbs and fingers that bend together [rad]."""
    skin = hand_skin(model)
    fingers, thumb = skin.chains[1:] - 1, skin.chains[0] - 1
    angles = np.zeros((count, 15, 3))
    bend = rng.uniform([0.0, 0.05, 0.0], [1.35, 1.1, 0.6], (count, 3))
    for n in range(4):
        more = rng.normal(0, 0.05, (count, 1)) + (0.0, 0.02, 0.12, 0.2)[n]
        flexion = skin.lower[fingers[n], 0] + _STRAIGHT + np.maximum(bend + more, 0)
        angles[:, fingers[n], 0] = np.minimum(flexion, skin.upper[fingers[n], 0])
    angles[:, thumb] = rng.uniform(0.9 * skin.lower[thumb], 0.9 * skin.upper[thumb], (count, 3, 3))
    angles[:, thumb[1:], 1:] = 0.0
    return angles


def _pads(model: HandModel, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centres (N, 5, 3) of the pads [m], and the unit vectors (N, 5, 3) that they face."""
    skin = hand_skin(model)
    pose = np.zeros((len(angles), 48))
    pose[:, 3:] = np.einsum("jac,nja->njc", skin.axes, angles).reshape(len(angles), 45)
    v = model.forward_numpy(pose, np.zeros(10), np.zeros((1, 3))).vertices
    centres, facing = np.empty((len(angles), 5, 3)), np.empty((len(angles), 5, 3))
    for f, finger in enumerate(FINGERS):
        pad = model.fingertip_vertices[finger]
        centres[:, f] = v[:, pad].mean(1)
        a, b, c = (v[:, corner] for corner in model.faces[_faces_of(model, pad)].T)
        normal = np.cross(b - a, c - a).sum(1)
        facing[:, f] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return centres, facing


def _faces_of(model: HandModel, vertices: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(model.faces, vertices).all(1))


def _palm_centre(model: HandModel) -> FloatArray:
    """(3,) a little in front of the middle of the palm [m]."""
    wrist, knuckle = model.joint_template[0], model.joint_template[4]
    return wrist + 0.72 * (knuckle - wrist) + 0.01 * palm_axes(model.joint_template)[0]
