"""Colours of a hand: lighter palm, redder knuckles and fingertips, creases, nails."""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.hand.anatomy import closing_directions, palm_axes
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS
from rhov_core.synth.surface_normals import group_normals, normal_groups

TONES = (
    (0.8, 0.56, 0.45),
    (0.72, 0.47, 0.36),
    (0.6, 0.37, 0.26),
    (0.45, 0.27, 0.18),
    (0.3, 0.17, 0.11),
    (0.19, 0.105, 0.07),
)
"""Linear colours from light to dark."""
_RED = np.array([0.06, -0.12, -0.1])
_CREASE = np.array([0.28, 0.42, 0.42])
_NAIL = np.array([0.42, 0.27, 0.24])


def skin_colors(hand: HandModel, tone: FloatArray) -> FloatArray:
    """Linear colours (V, 3) of the vertices of a hand.

    Args:
        hand: Either side.
        tone: (3,) colour of the back of the hand.
    """
    right = hand if hand.side == "right" else hand.mirrored()
    v, joints = right.template, right.joint_template
    groups = normal_groups(v, right.faces, np.pi)
    normals = np.zeros_like(v)
    normals[right.faces] = group_normals(v, right.faces, groups, int(groups.max()) + 1)[groups]
    tips = v[right.tip_vertices]
    closing = closing_directions(joints, tips)
    red, crease, nail, moon = (np.zeros(len(v)) for _ in range(4))
    for finger, tip in zip(FINGERS, tips, strict=True):
        chain = FINGER_JOINTS[finger]
        points, own = [*joints[list(chain)], tip], right.weights[:, list(chain)].sum(1)
        for k, joint in enumerate(chain):
            along = _along(v, points[k], points[k + 1])
            inside = normals @ closing[joint]
            if k > 0 or finger == "thumb":
                front = np.exp(-((along / 0.0016) ** 2)) * _step(-0.1, 0.6, inside)
                behind = np.exp(-(((np.abs(along) - 0.003) / 0.0014) ** 2)) * _step(0.2, 0.8, -inside)
                crease = np.maximum(crease, own * (0.9 * front + 0.5 * behind))
            red = np.maximum(red, own * np.exp(-((along / 0.008) ** 2)) * _step(0, 0.7, -inside))
        red = np.maximum(red, own * np.exp(-((v - tip) ** 2).sum(1) / 0.01**2))
        last = chain[2]
        bone = (tip - joints[last]) / np.linalg.norm(tip - joints[last])
        s, aside = (v - tip) @ bone, np.abs((v - tip) @ np.cross(bone, closing[last]))
        here = _step(0.1, 0.5, -(normals @ closing[last])) * own
        here *= _step(-0.0125, -0.0105, s) * _step(0.0075, 0.006, aside)
        nail = np.maximum(nail, here)
        moon = np.maximum(moon, here * np.exp(-(((s + 0.0105) / 0.002) ** 2)))
    palm = 0.18 * _step(-0.2, 0.8, normals @ palm_axes(joints)[0]) * (1 if tone.mean() > 0.25 else 2)
    color = tone * (1 + palm[:, None]) * (1 + red[:, None] * _RED) * (1 - crease[:, None] * _CREASE)
    bright = np.clip(0.55 * tone + 0.55 * _NAIL, 0, 0.9) + 0.12 * moon[:, None]
    color = color * (1 - nail[:, None]) + nail[:, None] * bright
    return np.asarray(color.clip(0.01, 1.0))


def _along(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    return np.asarray((points - start) @ (end - start) / np.linalg.norm(end - start))


def _step(low: float, high: float, x: FloatArray) -> FloatArray:
    """From 0 at `low` to 1 at `high`, smooth; falling if `high` is the smaller."""
    s = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(s * s * (3 - 2 * s))
