"""Right or left: a vote over the track.

The same skeleton in a picture belongs to a right hand that shows its palm and to a left hand that shows its back. What
a network says of the detector's landmarks tells them apart (`SideNetwork`), and which of the two hands can be fitted
better: corrected for the wrong side, landmarks contradict one another. And where an object hides the fingers, it
tells: what a hand grasps is on its palm's side, so an object that hides the fingers from the camera, but not the thumb,
shows that the palm faces the camera.
"""

from __future__ import annotations

import cv2
import numpy as np

from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.cues import Side
from rhov_perception.hand.detector import HandDetection

_LARGEST_LOG_ODDS = 3.0
"""What the network says of one image counts up to this: it errs in long runs."""
_LARGEST_ADVANTAGE, _ADVANTAGE_WEIGHT = 6.0, 0.2
"""The difference of the fits' costs counts up to this, and by this much."""
_CLEAR = 0.02
"""A detection whose keypoints are off by more than this, as a fraction of the hand's size in the image, is worth less,
with the square of the error. Few are surer, so what counts is how much less sure the others are."""
_GRASP_LOG_ODDS = 3.0
"""Weight of one image in which the fingers are hidden and the thumb is not."""
_THUMB, _MIDDLE_JOINTS = (1, 2, 3), (6, 10, 14, 18)
_SEEN, _HIDDEN = 14.0, 20.0
"""Distances from the colour of the hand, in the a*b* plane of 8-bit CIELAB: nearer is hand, farther is not."""
_FLAT = 0.02
"""Smallest area of the palm in the image, as a fraction of the hand's squared size, to tell its two faces apart."""


class SideVote:
    """Sums the evidence of many images.

    Args:
        given: The side if it is known; None to vote.
    """

    def __init__(self, given: Side | None = None) -> None:
        self._given = given
        self._log_odds = 0.0

    @property
    def side(self) -> Side:
        """The side so far."""
        return self._given or ("right" if self._log_odds >= 0 else "left")

    def add(
        self,
        detection: HandDetection,
        image: ByteArray,
        *,
        said: float,
        advantage: float = 0.0,
        expected_error: float = 0.0,
    ) -> None:
        """Takes a detection into account.

        Args:
            detection: What the detector saw.
            image: (H, W, 3) BGR.
            said: Logarithm of the odds of a right hand, as the detection's landmarks say.
            advantage: By how much a right hand fits the detection better than a left one, as a difference of costs.
            expected_error: Of the detection's keypoints, as a fraction of the hand's size in the image.
        """
        shown = float(np.clip(said, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS))
        shown += _ADVANTAGE_WEIGHT * float(np.clip(advantage, -_LARGEST_ADVANTAGE, _LARGEST_ADVANTAGE))
        self._log_odds += min(1.0, (_CLEAR / max(expected_error, 1e-9)) ** 2) * shown
        self._log_odds += _GRASP_LOG_ODDS * grasp_evidence(detection, image)


def grasp_evidence(detection: HandDetection, image: ByteArray) -> int:
    """1 if hidden fingers show that this is a right hand, -1 for a left one, 0 if they show nothing."""
    points = detection.keypoints
    turn = float(np.cross(points[5] - points[0], points[17] - points[0]))
    if abs(turn) < _FLAT * detection.size**2 or not _grasps_towards_camera(points, image):
        return 0
    return 1 if turn < 0 else -1  # seen from its palm, a right hand has its index left of its little finger's direction


def _grasps_towards_camera(points: FloatArray, image: ByteArray) -> bool:
    """Whether the thumb is seen and at least three fingers are hidden by something of another colour."""
    height, width = image.shape[:2]
    along_thumb = np.concatenate([np.linspace(points[a], points[a + 1], 3, endpoint=False) for a in (0, *_THUMB[:2])])
    samples = np.rint(np.concatenate([along_thumb, points[list(_THUMB)], points[list(_MIDDLE_JOINTS)]])).astype(int)
    if (samples < 2).any() or (samples >= [width - 2, height - 2]).any():
        return False
    patches = np.array([image[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1)) for x, y in samples])
    colours = cv2.cvtColor(np.rint(patches)[None].astype(np.uint8), cv2.COLOR_BGR2LAB)[0, :, 1:].astype(np.float64)
    distances = np.linalg.norm(colours - np.median(colours[: len(along_thumb)], axis=0), axis=1)
    thumb, fingers = distances[len(along_thumb) :][:3], distances[-len(_MIDDLE_JOINTS) :]
    return bool((thumb < _SEEN).all() and np.count_nonzero(fingers > _HIDDEN) >= 3)
