"""Where MediaPipe puts its landmarks, relative to the joints of the free hand model.

The detector's idea of a wrist, a knuckle or a fingertip is not the skeleton's: its fingertip sits under the nail, its
knuckles on the back of the hand, its wrist a little up the arm. Uncorrected, a fit bends the hand to make up for it.

Measured on 138 rendered views of the free model's hand with its forearm, against its true joints, by robust least
squares of the projections; the median distance fell from 8 to 4.8 mm at a hand length of 185 mm. Other models place
their joints elsewhere: for them no offset is known and none is applied.
"""

from __future__ import annotations

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.hand.layout import FINGER_JOINTS, FINGERS, KEYPOINT_SOURCE

_MILLIMETRES = {
    "anny_right_hand16": (
        ((-15.5, -2.9, -0.2),),
        ((3.2, -15.5, 7.4), (-6.7, -1.0, 4.5), (-0.8, 2.0, -4.3), (6.6, 4.8, -3.7)),
        ((6.8, -7.0, -2.9), (-0.3, -4.6, -2.1), (1.2, -3.5, -1.0), (7.9, 3.8, -1.4)),
        ((4.7, -6.8, 1.4), (1.0, -3.7, 2.0), (3.4, -3.9, 1.5), (9.3, 0.7, 2.0)),
        ((3.2, -6.9, 0.9), (-0.8, -3.3, 1.0), (1.7, -3.8, 0.8), (9.8, 1.2, 3.7)),
        ((3.5, -4.8, 2.3), (0.3, -2.1, 1.3), (0.5, -1.3, 1.0), (6.4, 2.5, 3.7)),
    )
}

KEYPOINT_JOINT = np.array([s if s < 16 else FINGER_JOINTS[FINGERS[s - 16]][2] for s in KEYPOINT_SOURCE], np.int64)
"""(21,) the MANO joint with which each keypoint moves."""


def keypoint_offsets(model: HandModel) -> FloatArray:
    """(21, 3) from the model's keypoints to the detector's [m], in the frame of the joint that each moves with.

    They are measured for a hand of the model's mean shape and grow with the hand.
    """
    rows = _MILLIMETRES.get(model.name)
    if rows is None:
        return np.zeros((21, 3))
    offsets = np.concatenate([np.asarray(finger) for finger in rows]) / 1000.0
    return offsets * [-1.0, 1.0, 1.0] if model.side == "left" else offsets
