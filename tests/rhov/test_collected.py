from typing import Any

import numpy as np

from rhov.collected import CollectedEstimates
from rhov_core.camera import Camera
from rhov_core.cues import HandEstimate, Side
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.trajectory import ObjectState

CAMERA = Camera(np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]), 640, 480)


def found(frame_index: int) -> ObjectEstimate:
    return ObjectEstimate(frame_index, frame_index / 30, np.eye(4), np.eye(6), ObjectState.TRACKED, 0.9, 0, 0.0)


def seen(side: Side, x: float) -> HandEstimate:
    rest: dict[str, Any] = {"shape": np.zeros(10), "wrist_covariance": np.eye(6), "model": "anny_right_hand16"}
    translation, joints = np.array([x, 0.0, 0.5]), np.full((21, 3), x)
    return HandEstimate(side, 1.0, np.zeros((21, 2)), np.full(48, x), translation=translation, joints=joints, **rest)


def test_nothing_was_collected() -> None:
    assert CollectedEstimates().trajectory("mug", CAMERA) is None


def test_what_is_kept_are_the_hands_of_the_side_that_the_vote_ends_with() -> None:
    collected = CollectedEstimates()
    hands = {0: seen("left", 0.1), 1: seen("right", 0.2), 3: seen("right", 0.3)}
    for i in range(4):
        collected.add_object(found(i))
        if i in hands:
            collected.add_hand(i, hands[i])
    kept = collected.trajectory("mug", CAMERA)
    assert kept is not None
    assert kept.hand_side == "right"
    np.testing.assert_array_equal(kept.hand_valid, [False, True, False, True])
    np.testing.assert_array_equal(kept.hand_translation[:, 0], [0, 0.2, 0, 0.3])
    np.testing.assert_array_equal(kept.hand_pose[:, 0], [0, 0.2, 0, 0.3])
