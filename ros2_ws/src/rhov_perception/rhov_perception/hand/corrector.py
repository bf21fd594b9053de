"""What a detector's landmarks say once its habits are known.

MediaPipe guesses the fingers that it does not see, takes backs of hands for palms and tells depths poorly, and it does
so in the same way again and again. A small network, learnt from many rendered hands that hold things
(`dev/train_landmark_corrector.py`), turns what it says into where the landmarks are, how far each is from the camera
relative to the others, and how wrong either may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import Side
from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.size import palm_size

_WEIGHTS = Path(__file__).with_name("data") / "landmark_corrector.npz"
FARTHEST = 4.0
"""Inputs that lie further from what was learnt, in standard deviations, count as this far."""
_LEAST_KEYPOINT_SPREAD = 0.01
"""As a fraction of the hand's size in the image."""
_LEAST_DEPTH_SPREAD = 0.03
"""As a fraction of the palm's size, see `palm_size`."""


@dataclass(frozen=True)
class Landmarks:
    """The detector's 21 landmarks, corrected."""

    keypoints: FloatArray
    """(21, 2) [pixel]"""
    keypoint_spread: FloatArray
    """(21,) expected error of each [pixel]."""
    direction: FloatArray
    """(3,) unit vector to the hand, camera frame."""
    depths: FloatArray
    """(21,) along that direction, relative to their mean, in units of the palm's size."""
    depth_spread: FloatArray
    """(21,) expected error of each, in the same unit."""


@dataclass(frozen=True)
class Canonical:
    """A detection as the network sees it: a right hand with its fingers up, of size one."""

    features: FloatArray
    """(109,) keypoints, landmarks, direction, signed score of the side."""
    rotation: FloatArray
    """(2, 2) from the image to the canonical picture, after mirroring."""
    centre: FloatArray
    """(2,) of the palm, mirrored for a left hand [pixel]."""
    size: float
    """[pixel]"""


def canonical(detection: HandDetection, side: Side, camera: Camera) -> Canonical:
    """Moves, turns, scales and, for a left hand, mirrors a detection.

    Args:
        detection: What the detector saw.
        side: Which hand it is.
        camera: Without distortion.
    """
    keypoints, landmarks = detection.keypoints.copy(), detection.landmarks - detection.landmarks.mean(0)
    if side == "left":
        keypoints, landmarks = _mirrored(keypoints, camera), landmarks * [-1.0, 1.0, 1.0]
    centre, up = keypoints[[0, 5, 9, 13, 17]].mean(0), keypoints[9] - keypoints[0]
    up = up / max(float(np.linalg.norm(up)), 1e-9)
    rotation = np.array([[-up[1], up[0]], [-up[0], -up[1]]])
    flat = (keypoints - centre) @ rotation.T / detection.size
    landmarks = landmarks / max(palm_size(landmarks), 1e-9)
    solid = np.concatenate([landmarks[:, :2] @ rotation.T, landmarks[:, 2:]], axis=1)
    slope = rotation @ ((centre - camera.K[:2, 2]) / [camera.fx, camera.fy])
    agreed = detection.score if detection.side == side else -detection.score
    return Canonical(np.concatenate([flat.ravel(), solid.ravel(), slope, [agreed]]), rotation, centre, detection.size)


class LandmarkCorrector:
    """The network: four layers, two of them residual.

    Args:
        weights: `mean`, `spread` (109,) of the features, `weight0` to `weight3` and `bias0` to `bias3` of the layers.
    """

    def __init__(self, weights: dict[str, FloatArray]) -> None:
        self._mean, self._spread = weights["mean"], weights["spread"]
        self._layers = [(weights[f"weight{i}"], weights[f"bias{i}"]) for i in range(4)]

    @classmethod
    def load(cls) -> LandmarkCorrector:
        """The network that comes with this package."""
        return _loaded()

    def correct(self, detection: HandDetection, side: Side, camera: Camera) -> Landmarks:
        """The landmarks of a detection.

        Args:
            detection: What the detector saw.
            side: Which hand it is.
            camera: Of the image, without distortion.
        """
        seen = canonical(detection, side, camera)
        move, depths, log_spread = np.split(self._forward(seen.features), [42, 63])
        spread = np.exp(log_spread)
        keypoints, centre = detection.keypoints, seen.centre
        shift = seen.size * move.reshape(21, 2) @ seen.rotation
        if side == "left":
            shift, centre = shift * [-1.0, 1.0], _mirrored(centre, camera)
        direction = camera.rays(centre[None])[0]
        return Landmarks(
            keypoints=keypoints + shift,
            keypoint_spread=seen.size * np.maximum(spread[:21], _LEAST_KEYPOINT_SPREAD),
            direction=direction / np.linalg.norm(direction),
            depths=depths - depths.mean(),
            depth_spread=np.maximum(spread[21:], _LEAST_DEPTH_SPREAD),
        )

    def _forward(self, features: FloatArray) -> FloatArray:
        """Moves (21, 2) in hand sizes, depths (21,) in palm sizes, and the logarithms (42,) of their errors."""
        x = np.clip((features - self._mean) / self._spread, -FARTHEST, FARTHEST)
        (W, b), *residual, (last, offset) = self._layers
        hidden = np.maximum(W @ x + b, 0)
        for W, b in residual:
            hidden = hidden + np.maximum(W @ hidden + b, 0)
        return np.asarray(last @ hidden + offset)


@lru_cache(maxsize=1)
def _loaded() -> LandmarkCorrector:
    with np.load(_WEIGHTS, allow_pickle=False) as file:
        return LandmarkCorrector({name: file[name].astype(np.float64) for name in file.files})


def _mirrored(pixels: FloatArray, camera: Camera) -> FloatArray:
    """Pixels (..., 2) mirrored about the principal point."""
    return np.stack([2 * camera.cx - pixels[..., 0], pixels[..., 1]], axis=-1)
