from dataclasses import replace

import numpy as np
from synthetic_hand import detect, make_truth

from rhov_perception.hand.detector import HandDetection
from rhov_perception.hand.track import HandTrack

HAND = detect(make_truth(np.random.default_rng(0)))


def moved(offset, scale=1.0, side="right", score=0.9):
    centre = HAND.keypoints.mean(0)
    return HandDetection(side, score, (HAND.keypoints - centre) * scale + centre + offset, HAND.landmarks)


def test_the_nearest_hand_starts_the_track_unless_a_side_is_preferred():
    near, far = moved([0, 0], 1.5, "left"), moved([200, 0], 1.0, "right")
    assert HandTrack().choose([far, near], 0) is near
    assert HandTrack("right").choose([far, near], 0) is far
    assert HandTrack().choose([], 0) is None


def test_the_track_stays_with_its_hand_while_another_comes_nearer_to_the_camera():
    track = HandTrack()
    for frame in range(10):
        own, other = moved([3 * frame, 0]), moved([250, 0], 1.0 + 0.1 * frame)
        chosen = track.choose([other, own] if frame else [own], frame)
        assert chosen is own
        track.accept(chosen, frame)


def test_hands_of_another_size_or_far_away_are_not_the_same_hand():
    track = HandTrack()
    for frame in range(5):
        track.accept(moved([frame, 0]), frame)
    assert track.choose([moved([4, 0], 0.4)], 5) is None
    assert track.choose([moved([4, 0], 2.2)], 5) is None
    assert track.choose([moved([1.5 * HAND.size, 0])], 5) is None
    assert track.choose([moved([4, 0], 0.8)], 5) is not None


def test_reach_grows_with_the_gap_and_at_last_any_hand_may_start_anew():
    track = HandTrack()
    track.accept(HAND, 0)
    away = moved([1.5 * HAND.size, 0])
    assert track.choose([away], 1) is None
    assert track.choose([away], 9) is away
    beyond = moved([9 * HAND.size, 0])
    assert track.choose([beyond], 60) is None
    assert track.choose([beyond], 61) is beyond


def test_the_true_size_of_a_hand_that_was_first_seen_too_small_is_soon_believed():
    track = HandTrack()
    track.accept(HAND, 0)
    tiny = moved([0, 0], 0.3)
    assert track.choose([tiny], 8) is None
    assert track.choose([tiny], 9) is tiny
    track.accept(tiny, 9)
    assert track.choose([tiny], 10) is tiny  # sizes from before the gap are forgotten


def test_a_rejected_detection_does_not_move_the_track():
    track = HandTrack()
    track.accept(HAND, 0)
    track.choose([moved([0.9 * HAND.size, 0])], 1)
    assert track.choose([moved([1.5 * HAND.size, 0])], 2) is None
    assert track.choose([replace(HAND, score=0.5)], 2) is not None
