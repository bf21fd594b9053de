"""The size of the hand, shared by all frames of a clip."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.cues import Side
from rhov_core.hand import HandModel
from rhov_perception.hand.skeleton import Skeleton, make_skeleton

_PALM_BONES = np.array([(0, 5), (0, 9), (0, 13), (0, 17), (5, 17)])
"""Pairs of keypoints that no finger bends."""
_TRUST = 0.3
"""Weight of the detector's size against the mean adult hand: its sizes err by 8 %, adults differ by 5 %."""
_DETECTOR_BIAS = 0.9
"""The detector's landmarks come out smaller than the hand by this factor."""
_FRAMES = 60
"""The size is settled after this many good frames."""


def palm_size(points: FloatArray) -> float:
    """Sum of the distances between the palm's keypoints (21, 3) [m]."""
    return float(np.linalg.norm(points[_PALM_BONES[:, 0]] - points[_PALM_BONES[:, 1]], axis=1).sum())


def shape_of_size(model: HandModel, growth: float) -> FloatArray:
    """Shape coefficients (10,) of the model's mean hand, larger by the factor `growth`.

    The least-squares choice for models whose coefficients do not contain size as such; small coefficients win.
    """
    directions = model.joint_shape_directions - model.joint_shape_directions[:1]
    wanted = (growth - 1) * (model.joint_template - model.joint_template[0])
    A = directions.reshape(-1, 10)
    return np.linalg.solve(A.T @ A + 1e-8 * np.eye(10), A.T @ wanted.ravel())


class HandSize:
    """Running estimate of the hand's shape from the detector's landmarks, or from the length that a user measured."""

    def __init__(self, models: Mapping[Side, HandModel], hand_length: float = 0.0) -> None:
        """Args: models: the hand of either side; hand_length: wrist to middle fingertip [m], 0 if unknown."""
        self._models = models
        self._ratios: list[float] = []
        mean = make_skeleton(models["right"], np.zeros(10))
        self._mean_palm = palm_size(mean.rest_points)
        self._known = hand_length > 0
        self._set(hand_length / _straight_length(models["right"]) if self._known else 1.0)

    @property
    def shape(self) -> FloatArray:
        """(10,) current shape coefficients, the same for both sides."""
        return self._shape

    def skeleton(self, side: Side) -> Skeleton:
        """The hand of this shape."""
        return self._skeletons[side]

    def add(self, landmarks: FloatArray) -> None:
        """Takes the landmarks (21, 3) [m] of one well-fitted frame into account."""
        if self._known or len(self._ratios) >= _FRAMES:
            return
        self._ratios.append(palm_size(landmarks) / self._mean_palm / _DETECTOR_BIAS)
        self._set(float(np.median(self._ratios)) ** _TRUST)

    def _set(self, growth: float) -> None:
        self._shape = shape_of_size(self._models["right"], growth)
        self._skeletons = {side: make_skeleton(model, self._shape) for side, model in self._models.items()}


def _straight_length(model: HandModel) -> float:
    """From the wrist along the bones to the tip of the middle finger [m]."""
    chain = [*model.joint_template[[0, 4, 5, 6]], model.template[model.tip_vertices[2]]]
    return float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum())
