"""The hand's surface: closing the open wrist, finding fingertips."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.hand.anatomy import closing_directions
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS

Faces = NDArray[np.int32]


def capped(faces: NDArray[np.integer]) -> Faces:
    """The faces with a fan of triangles over each hole, so that the surface is watertight.

    No vertex is added; the given faces come first.

    Args:
        faces: (F, 3) consistently wound triangles.

    Raises:
        InputError: If the border of a hole is not a simple loop.
    """
    given = np.asarray(faces, np.int32)
    edges = np.concatenate([given[:, [0, 1]], given[:, [1, 2]], given[:, [2, 0]]])
    directed = {(int(a), int(b)) for a, b in edges}
    follows = {b: a for a, b in directed if (b, a) not in directed}  # a cap runs against its neighbours' edges
    if len(follows) != sum((b, a) not in directed for a, b in directed):
        raise InputError("the hand's mesh has holes that touch each other", "a surface with simple holes", "repair it")
    fans = []
    while follows:
        loop = [min(follows)]
        while (following := follows.pop(loop[-1])) != loop[0]:
            if following not in follows:
                raise InputError("the hand's mesh has an open border", "a surface with simple holes", "repair it")
            loop.append(following)
        fans += [(loop[0], b, c) for b, c in itertools.pairwise(loop[1:])]
    return np.concatenate([given, np.array(fans, np.int32).reshape(-1, 3)])


def fingertip_pads(
    vertices: FloatArray, faces: Faces, weights: FloatArray, joints: FloatArray, tip_vertices: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Vertices of the outer half of each finger's last segment that look away from the nail: where fingers touch.

    Args:
        vertices: (V, 3) right hand at rest, palm towards -y [m].
        faces: (F, 3).
        weights: (V, 16) skinning weights.
        joints: (16, 3) at rest [m].
        tip_vertices: (5,) outermost vertex of each finger.
    """
    triangles = vertices[faces]
    normals = np.zeros_like(vertices)
    face_normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    for corner in range(3):
        np.add.at(normals, faces[:, corner], face_normals)
    closing = closing_directions(joints, vertices[tip_vertices])
    pads = {}
    for finger, tip in zip(FINGERS, tip_vertices, strict=True):
        last = FINGER_JOINTS[finger][2]
        bone = vertices[tip] - joints[last]
        along = (vertices - joints[last]) @ bone / (bone @ bone)
        pad = (weights[:, last] > 0.5) & (along > 0.5) & (normals @ closing[last] > 0)
        pad[tip] = True
        pads[finger] = np.flatnonzero(pad)
    return pads
