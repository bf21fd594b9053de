"""Shape coefficients of the free hand model: five ways in which hands differ, in place of MANO's learnt ones.

| coefficient | what +1 does |
|---|---|
| 0 | the whole hand 5 % larger, about the wrist |
| 1 | the four fingers 5 % longer, along their bones |
| 2 | the palm 5 % wider, from thumb to little finger |
| 3 | palm and fingers 8 % thicker |
| 4 | the thumb 5 % longer, along its bones |
| 5 to 9 | nothing |

One unit is about one standard deviation among adults. As in MANO the vertices are linear in the coefficients.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand.anatomy import finger_bones
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS, PARENTS

SIZE_STEP: Final = 0.05
"""Relative growth of the whole hand for one unit of coefficient 0."""
_LENGTH_STEP, _WIDTH_STEP, _THICKNESS_STEP = 0.05, 0.05, 0.08


def shape_modes(
    vertices: FloatArray, weights: FloatArray, joints: FloatArray, tips: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Displacements of vertices (V, 3, 10) and joints (16, 3, 10) for one unit of each coefficient [m].

    Args:
        vertices: (V, 3) right hand at rest: wrist at the origin, fingers towards -x, palm towards -y, thumb at +z.
        weights: (V, 16) skinning weights; a vertex moves by the mean of its joints' displacement fields.
        joints: (16, 3) at rest [m].
        tips: (5, 3) fingertips at rest [m].
    """
    vertex_modes, joint_modes = np.zeros((*vertices.shape, 10)), np.zeros((16, 3, 10))
    vertex_modes[..., 0], joint_modes[..., 0] = SIZE_STEP * vertices, SIZE_STEP * joints
    lengthened = {1: FINGERS[1:], 4: FINGERS[:1]}
    for mode, fingers in lengthened.items():
        stretch, shift = _stretch_along_bones(joints, tips, fingers, _LENGTH_STEP)
        vertex_modes[..., mode], joint_modes[..., mode] = _blend(vertices, weights, joints, stretch, shift), shift
    width = np.diag([0.0, 0.0, _WIDTH_STEP])
    shift = joints[_finger_bases()] @ width
    vertex_modes[..., 2] = _blend(vertices, weights, joints, _only_wrist(width), shift)
    joint_modes[..., 2] = shift
    thicken = _THICKNESS_STEP * (np.eye(3) - _bone_projections(joints, tips))
    thicken[0] = np.diag([0.0, _THICKNESS_STEP, 0.0])
    vertex_modes[..., 3] = _blend(vertices, weights, joints, thicken, np.zeros((16, 3)))
    return vertex_modes, joint_modes


def _blend(
    vertices: FloatArray, weights: FloatArray, joints: FloatArray, linear: FloatArray, shift: FloatArray
) -> FloatArray:
    """Weighted mean over the joints j of `linear[j] (v - joint[j]) + shift[j]`."""
    fields = np.einsum("jab,vjb->vja", linear, vertices[:, None] - joints) + shift
    return np.einsum("vj,vja->va", weights, fields)


def _bone_projections(joints: FloatArray, tips: FloatArray) -> FloatArray:
    """(16, 3, 3) projections on the bone that starts at each joint; zero for the wrist."""
    bones = finger_bones(joints, tips)
    return bones[:, :, None] * bones[:, None, :]


def _stretch_along_bones(
    joints: FloatArray, tips: FloatArray, fingers: tuple[str, ...], step: float
) -> tuple[FloatArray, FloatArray]:
    """Stretch (16, 3, 3) of each segment along its bone, and the shifts (16, 3) that it passes on to later joints."""
    stretch = step * _bone_projections(joints, tips)
    shift = np.zeros((16, 3))
    for finger, chain in FINGER_JOINTS.items():
        if finger not in fingers:
            stretch[list(chain)] = 0
            continue
        for joint in chain[1:]:
            parent = PARENTS[joint]
            shift[joint] = shift[parent] + step * (joints[joint] - joints[parent])
    return stretch, shift


def _finger_bases() -> list[int]:
    """The first joint of the finger that each joint belongs to; 0 for the wrist."""
    bases = [0] * 16
    for chain in FINGER_JOINTS.values():
        for joint in chain:
            bases[joint] = chain[0]
    return bases


def _only_wrist(linear: FloatArray) -> FloatArray:
    """(16, 3, 3) with `linear` at the wrist and zero at the fingers."""
    out = np.zeros((16, 3, 3))
    out[0] = linear
    return out
