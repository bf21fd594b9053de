"""A second look at the same hand: in the mirrored image.

A detector errs differently about an image and its mirror image, so it finds hands in one that it misses in the other,
and the mean of what it says about both is nearer to the truth. Where the first look is sure, little is gained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.cues import Side
from rhov_perception.hand.config import HandConfig
from rhov_perception.hand.corrector import Landmarks
from rhov_perception.hand.detector import HandDetection, HandDetector

_SAME_HAND = 0.4
"""Two detections this near on average, as a fraction of the hand's size in the image, are of the same hand."""


class MirroredDetector:
    """As `HandDetector`, of the mirrored images; what it finds is mirrored back."""

    def __init__(self, config: HandConfig) -> None:
        self._detector = HandDetector(config)

    @property
    def frames_remembered(self) -> int:
        """As `HandDetector.frames_remembered`."""
        return self._detector.frames_remembered

    def detect(self, image: NDArray[np.uint8]) -> list[HandDetection]:
        """The hands in the next image (H, W, 3), BGR."""
        width = image.shape[1]
        return [_mirrored(detection, width) for detection in self._detector.detect(_flipped(image))]

    def look_again(self, image: NDArray[np.uint8]) -> None:
        """Brings back the tracking state that an image (H, W, 3) left."""
        self._detector.look_again(_flipped(image))

    def forget(self) -> None:
        """Drops the tracked hands."""
        if self._detector.frames_remembered:
            self._detector.forget()

    def close(self) -> None:
        """Frees the graph."""
        self._detector.close()


def is_same_hand(first: HandDetection, second: HandDetection) -> bool:
    """Whether two detections in one image are of the same hand."""
    apart = np.linalg.norm(first.keypoints - second.keypoints, axis=1).mean()
    return bool(apart < _SAME_HAND * first.size)


def agreed(first: Landmarks, second: Landmarks) -> Landmarks:
    """The mean of two opinions about one hand, each weighted by how sure it is.

    They err alike, so the mean is not taken to be surer than they are, and less sure where they differ.
    """
    keypoints, spread = _mean(
        np.stack([first.keypoints, second.keypoints]), np.stack([first.keypoint_spread, second.keypoint_spread])
    )
    depths, depth_spread = _mean(
        np.stack([first.depths, second.depths])[..., None], np.stack([first.depth_spread, second.depth_spread])
    )
    return Landmarks(
        keypoints=keypoints,
        keypoint_spread=spread,
        direction=first.direction,
        depths=depths[:, 0] - depths[:, 0].mean(),
        depth_spread=depth_spread,
    )


def _mean(values: FloatArray, spreads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means (21, C) and spreads (21,) of opinions (2, 21, C) with spreads (2, 21)."""
    weights = 1 / spreads**2
    weights /= weights.sum(0)
    mean = (weights[..., None] * values).sum(0)
    apart = (weights * np.square(values - mean).mean(-1)).sum(0)
    return mean, np.sqrt(2 / (1 / spreads**2).sum(0) + apart)


def _flipped(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image[:, ::-1])


def _mirrored(detection: HandDetection, width: int) -> HandDetection:
    keypoints = np.stack([width - 1 - detection.keypoints[:, 0], detection.keypoints[:, 1]], axis=1)
    side: Side = "left" if detection.side == "right" else "right"
    return HandDetection(side, detection.score, keypoints, detection.landmarks * [-1.0, 1.0, 1.0])
