"""Finding a lost object again by its texture: all keyframes, no prediction, PnP with RANSAC."""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.pose import make_transform
from rhov_optimizer.tracking.keyframes import KeyframeStore, Matches

REPROJECTION_ERROR = 4.0
"""Largest distance of an inlier [pixel]."""
RANSAC_ITERATIONS = 300


def relocalise(
    keyframes: KeyframeStore,
    K: FloatArray,
    pixels: FloatArray,
    descriptors: ByteArray,
    *,
    ratio: float,
    least_inliers: int,
) -> FloatArray | None:
    """The pose (4, 4) of the centred mesh that most matches agree on, or None.

    Args:
        keyframes: Where the features are looked for.
        K: (3, 3) [pixel].
        pixels: (N, 2) features of the frame [pixel].
        descriptors: (N, D)
        ratio: A match must be this much better than the next best one in its frame.
        least_inliers: Fewer matches than this are no evidence.
    """
    matches = _match_everywhere(keyframes, pixels, descriptors, ratio)
    if len(matches) < max(4, least_inliers):
        return None
    cv2.setRNGSeed(0)
    try:
        found, rotation, translation, inliers = cv2.solvePnPRansac(
            matches.points,
            matches.pixels,
            K,
            np.zeros(0),
            iterationsCount=RANSAC_ITERATIONS,
            reprojectionError=REPROJECTION_ERROR,
            flags=cv2.SOLVEPNP_SQPNP,
        )
    except cv2.error:  # the matches that agree lie within a few millimetres: OpenCV refuses, and they are no evidence
        return None
    if not found or inliers is None or len(inliers) < least_inliers or not translation[2, 0] > 0:
        return None
    return make_transform(cv2.Rodrigues(rotation)[0], translation[:, 0])


def _match_everywhere(keyframes: KeyframeStore, pixels: FloatArray, descriptors: ByteArray, ratio: float) -> Matches:
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    parts = []
    for key in keyframes:
        if len(key) < 2 or len(pixels) < 2 or key.descriptors.shape[1] != descriptors.shape[1]:
            continue
        pairs = [m for m in matcher.knnMatch(key.descriptors, descriptors, k=2) if len(m) == 2]
        good = [first for first, second in pairs if first.distance < ratio * second.distance]
        index = np.array([m.queryIdx for m in good], np.int64)
        partner = np.array([m.trainIdx for m in good], np.int64)
        parts.append((key, index, pixels[partner]))
    return Matches.join(parts)
