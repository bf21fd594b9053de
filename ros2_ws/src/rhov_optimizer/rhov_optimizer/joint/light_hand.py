"""A hand model with fewer vertices and faces: the same parameters and keypoints at a fraction of the cost."""

from __future__ import annotations

from dataclasses import replace

import fast_simplification
import numpy as np
from scipy.spatial import cKDTree

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel

PAD_VERTICES = 6
"""Vertices kept of each fingertip's pad."""


def light_hand(model: HandModel, max_faces: int) -> HandModel:
    """Keeps the vertices of a decimated mesh, the fingertip keypoints and a few vertices of each fingertip's pad.

    Poses, shapes and keypoints mean the same as in the full model: every vertex that is kept is one of it.

    Args:
        model: The full model.
        max_faces: About how many faces to keep.
    """
    if len(model.faces) <= max_faces:
        return model
    ratio = 1.0 - max_faces / len(model.faces)
    points, faces = fast_simplification.simplify(
        model.template.astype(np.float32), model.faces.astype(np.int32), target_reduction=ratio
    )
    nearest = cKDTree(model.template).query(points)[1]
    faces = nearest[faces]
    distinct = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    faces = faces[distinct]
    pads = {
        finger: pad[np.linspace(0, len(pad) - 1, min(PAD_VERTICES, len(pad))).astype(np.int64)]
        for finger, pad in model.fingertip_vertices.items()
    }
    keep = np.unique(np.concatenate([faces.ravel(), model.tip_vertices, *pads.values()]))
    new = np.full(len(model.template), -1)
    new[keep] = np.arange(len(keep))
    bend = model.pose_directions
    return replace(
        model,
        template=model.template[keep],
        faces=np.ascontiguousarray(new[faces], np.int32),
        weights=model.weights[keep],
        shape_directions=model.shape_directions[keep],
        tip_vertices=new[model.tip_vertices],
        fingertip_vertices={finger: new[pad] for finger, pad in pads.items()},
        pose_directions=None if bend is None else bend[keep],
    )


def size_direction(model: HandModel) -> FloatArray:
    """The change (10,) of the shape coefficients that comes nearest to making the hand larger by its own size.

    `shape + (factor - 1) * size_direction` scales the hand about its wrist by `factor`, as well as the model can.
    """
    wrist = model.joint_template[0]
    directions = (model.shape_directions - model.joint_shape_directions[0]).reshape(-1, 10)
    return np.linalg.lstsq(directions, (model.template - wrist).ravel(), rcond=None)[0]
