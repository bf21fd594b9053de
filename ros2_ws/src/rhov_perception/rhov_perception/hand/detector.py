"""MediaPipe's hand landmarks, with sides and pixels in RHOV's conventions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.cues import Side
from rhov_core.errors import MissingDependencyError
from rhov_perception.hand.config import HandConfig


@dataclass(frozen=True)
class HandDetection:
    """One hand as the detector sees it."""

    side: Side
    """The person's hand; the detector can be wrong while fingers are hidden."""
    score: float
    """Confidence in the side, 0.5 to 1: the only score that the detector gives for a hand."""
    keypoints: FloatArray
    """(21, 2) [pixel]; hidden ones are guessed."""
    landmarks: FloatArray
    """(21, 3) relative to the hand's centre, axes of a camera that looks straight at the hand [m], roughly metric."""

    @property
    def size(self) -> float:
        """Diagonal of the keypoints' bounding box [pixel]."""
        return float(np.linalg.norm(np.ptp(self.keypoints, axis=0)))


class HandDetector:
    """Finds up to two hands in the frames of a video; holds MediaPipe's graph and its tracking state."""

    def __init__(self, config: HandConfig) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")
        self._config = config
        self.frames_remembered = 0
        """How many of the last images the tracking state comes from: in the one before them no hand was found."""
        try:
            import mediapipe
        except ImportError:
            raise MissingDependencyError("mediapipe", "finding hands", "pip install mediapipe==0.10.21") from None
        self._hands = mediapipe.solutions.hands.Hands(
            static_image_mode=False,
            max_num_hands=2,
            model_complexity=config.model_complexity,
            min_detection_confidence=config.detection_confidence,
            min_tracking_confidence=config.tracking_confidence,
        )

    def detect(self, image: NDArray[np.uint8]) -> list[HandDetection]:
        """The hands in the next image (H, W, 3), BGR."""
        height, width = image.shape[:2]
        result = self._processed(image)
        if not result.multi_hand_landmarks:
            self.frames_remembered = 0
            return []
        self.frames_remembered += 1
        detections = []
        for image_points, world_points, handedness in zip(
            result.multi_hand_landmarks, result.multi_hand_world_landmarks, result.multi_handedness, strict=True
        ):
            # Landmarks are fractions of the image from edge to edge; pixel centres are at integers.
            keypoints = np.array([(p.x * width - 0.5, p.y * height - 0.5) for p in image_points.landmark])
            landmarks = np.array([(p.x, p.y, p.z) for p in world_points.landmark])
            label = handedness.classification[0]
            side: Side = "left" if label.label == "Right" else "right"  # the labels are for a mirrored picture
            detections.append(HandDetection(side, float(label.score), keypoints, landmarks))
        return detections

    def look_again(self, image: NDArray[np.uint8]) -> None:
        """Brings back the tracking state that an image (H, W, 3) left."""
        self._processed(image)

    def forget(self) -> None:
        """Drops the tracked hands: the next image is searched for palms again."""
        self._hands.reset()
        self.frames_remembered = 0

    def __reduce__(self) -> tuple[type[HandDetector], tuple[HandConfig], dict[str, int]]:
        """MediaPipe's graph cannot be pickled: the copy wants its last `frames_remembered` images again."""
        return HandDetector, (self._config,), {"frames_remembered": self.frames_remembered}

    def _processed(self, image: NDArray[np.uint8]) -> Any:
        return self._hands.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def close(self) -> None:
        """Frees the graph."""
        self._hands.close()
