"""Joints of the hand: MANO's 16 skinned joints and MediaPipe's 21 keypoints."""

from __future__ import annotations

from typing import Final

import numpy as np

FINGERS: Final = ("thumb", "index", "middle", "ring", "little")
"""Order of the fingers in the keypoints and in every table by finger."""

FINGER_JOINTS: Final = {
    "thumb": (13, 14, 15),
    "index": (1, 2, 3),
    "middle": (4, 5, 6),
    "ring": (10, 11, 12),
    "little": (7, 8, 9),
}
"""MANO joints of each finger from its base to its last joint; joint 0 is the wrist."""

PARENTS: Final = np.array([-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14], np.int64)
"""(16,) parent of each MANO joint, -1 for the wrist."""

KEYPOINT_SOURCE: Final = np.array(
    [0] + [source for i, finger in enumerate(FINGERS) for source in (*FINGER_JOINTS[finger], 16 + i)], np.int64
)
"""(21,) where each keypoint comes from: a MANO joint below 16, else the tip of finger `value - 16`."""

KEYPOINT_BONES: Final = np.array(
    [(0 if k == 0 else 4 * f + k, 4 * f + k + 1) for f in range(5) for k in range(4)], np.int64
)
"""(20, 2) pairs of keypoints that a bone connects: wrist to each finger's base, then outwards."""
