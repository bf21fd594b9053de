"""Keypoint features near the object."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, ByteArray, FloatArray
from rhov_perception.object.region import Region

DESCRIPTOR_BYTES = 32


class FeatureDetector:
    """ORB features.

    Args:
        count: At most how many features in an image.
        threshold: Least contrast of a corner [grey levels].
    """

    def __init__(self, count: int, threshold: int) -> None:
        self._settings = count, threshold
        self._orb: Any = cv2.ORB.create(nfeatures=count, fastThreshold=threshold)

    def __reduce__(self) -> tuple[type[FeatureDetector], tuple[int, int]]:
        """OpenCV's object cannot be pickled, and remembers nothing."""
        return FeatureDetector, self._settings

    def detect(self, gray: ByteArray, near: BoolArray | None = None, margin: int = 0) -> tuple[FloatArray, ByteArray]:
        """Features of a grey image (H, W).

        Args:
            gray: (H, W)
            near: (H, W) look only within `margin` of this mask; None or an empty mask: everywhere.
            margin: [pixel]

        Returns:
            Positions (N, 2) [pixel] and binary descriptors (N, 32).
        """
        region = Region.around(near, margin) if near is not None else None
        region = region or Region(0, 0, gray.shape[1], gray.shape[0])
        keypoints, descriptors = self._orb.detectAndCompute(np.ascontiguousarray(gray[region.slices]), None)
        if descriptors is None:
            return np.zeros((0, 2)), np.zeros((0, DESCRIPTOR_BYTES), np.uint8)
        positions = np.array([keypoint.pt for keypoint in keypoints], np.float64) + region.origin
        return positions, descriptors
