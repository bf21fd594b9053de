"""The size of the hand.

One picture does not tell it: a larger hand farther away looks the same. The detector's landmarks claim to be metric,
but their size differs by half between clips of ordinary hands, so it is not used: without a measured length the hand
is that of the mean adult, and its depth is as uncertain as hands differ.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel

_PALM_BONES = np.array([(0, 5), (0, 9), (0, 13), (0, 17), (5, 17)])
"""Pairs of keypoints that no finger bends."""


def palm_size(points: FloatArray) -> float:
    """Sum of the distances between the palm's keypoints (21, 3) [m]."""
    return float(np.linalg.norm(points[_PALM_BONES[:, 0]] - points[_PALM_BONES[:, 1]], axis=1).sum())


def shape_of_length(model: HandModel, length: float) -> FloatArray:
    """Shape coefficients (10,) of a hand of the given length.

    The least-squares choice for models whose coefficients do not contain size as such; small coefficients win.

    Args:
        model: The hand.
        length: From the wrist along the bones to the tip of the middle finger [m].
    """
    chain = [*model.joint_template[[0, 4, 5, 6]], model.template[model.tip_vertices[2]]]
    growth = length / float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum())
    wanted = (growth - 1) * (model.joint_template - model.joint_template[0])
    A = (model.joint_shape_directions - model.joint_shape_directions[:1]).reshape(-1, 10)
    return np.linalg.solve(A.T @ A + 1e-8 * np.eye(10), A.T @ wanted.ravel())
