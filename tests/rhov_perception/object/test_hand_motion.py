"""Things that move with the hand, faster than flow can follow."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from moving_card import overlap

from rhov_core.camera import Camera
from rhov_core.cues import HandEstimate
from rhov_perception.object import ObjectEstimator
from rhov_perception.object.hand_motion import HandMotion

SIDE, WIDE = 160, 480


def hand(keypoints):
    zeros = {"pose": np.zeros(48), "shape": np.zeros(10), "translation": np.zeros(3), "joints": np.zeros((21, 3))}
    return HandEstimate("right", 1.0, keypoints, **zeros, wrist_covariance=np.eye(6), model="any")


def palm(seed=0):
    return np.random.default_rng(seed).uniform(40, 120, (21, 2))


def test_a_mask_moves_turns_and_grows_with_the_palm():
    mask = np.zeros((SIDE, SIDE), bool)
    mask[60:90, 50:110] = True
    A = np.array([[0.0, -1.2], [1.2, 0.0]])
    motion, before = HandMotion(), palm()
    motion.note(hand(before), mask)
    now = before @ A.T + [170, -20]
    now[8] += 60  # a fingertip moves as it likes
    expected = cv2.warpAffine(mask.astype(np.uint8), np.column_stack([A, [170, -20]]), (SIDE, SIDE)) > 0
    assert overlap(motion.carry(hand(now)), expected) > 0.95


def test_what_is_not_known_is_not_guessed():
    motion = HandMotion()
    assert motion.carry(hand(palm())) is None
    motion.note(None, np.ones((SIDE, SIDE), bool))
    motion.note(hand(palm()), None)
    assert motion.carry(hand(palm())) is None
    motion.note(hand(palm()), np.ones((SIDE, SIDE), bool))
    assert motion.carry(None) is None
    assert motion.carry(hand(palm() + 1000)) is None, "it has left the image"


@pytest.fixture(scope="module")
def jumps():
    """Clips of two images between which hand and object have moved farther than the object is long."""
    with np.load(Path(__file__).with_name("data") / "held.npz", allow_pickle=False) as table:
        ends = np.cumsum(table["lengths"])
        images = [cv2.imdecode(code, cv2.IMREAD_COLOR) for code in np.split(table["pictures"], ends[:-1])]
        masks, drawn = (
            np.unpackbits(table[n], axis=1).reshape(-1, SIDE, SIDE).astype(bool) for n in ("object", "drawn")
        )
    return [
        [placed(image, mask, d, x) for x in (0, WIDE - SIDE)]
        for image, mask, d in zip(images, masks, drawn, strict=True)
    ]


def placed(image, mask, drawn, x):
    """A picture in a wide image of the colour of its corner; the other half shows nothing."""
    wide = np.tile(np.uint8(image[:4, :4].mean((0, 1))), (SIDE, WIDE, 1))
    wide[:, x : x + SIDE] = image
    return wide, *(np.pad(m, ((0, 0), (x, WIDE - SIDE - x))) for m in (mask, drawn))


def found_after(jump, with_hand):
    estimator = ObjectEstimator(Camera.from_focal(400, WIDE, SIDE))
    for k, (image, mask, drawn) in enumerate(jump):
        seen = hand(palm() + np.array([k * (WIDE - SIDE), 0])) if with_hand else None
        given = (image, k, k / 30, *(() if k else (mask,)), seen, drawn)
        cues = (estimator.step if k else estimator.start)(*given)
    return 0.0 if cues.object_mask is None else overlap(cues.object_mask, jump[-1][1])


def test_a_held_thing_is_found_where_the_hand_has_taken_it(jumps):
    found = [found_after(jump, with_hand=True) for jump in jumps]
    blind = [found_after(jump, with_hand=False) for jump in jumps]
    assert np.mean(found) > 0.7
    assert np.mean(found) > np.mean(blind) + 0.1
