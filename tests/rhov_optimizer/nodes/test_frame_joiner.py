from builtin_interfaces.msg import Time
from rhov_msgs.msg import HandEstimate, ObjectCues
from std_msgs.msg import Header

from rhov_optimizer.nodes.frame_joiner import FrameJoiner, nanoseconds


def header(i):
    return Header(stamp=Time(sec=1_700_000_000 + i, nanosec=123_456_789))


def cues(i):
    return ObjectCues(header=header(i), frame_index=i)


def hand(i):
    return HandEstimate(header=header(i), frame_index=i)


def taken(joiner, now, hands_come=True):
    return [(c.frame_index, None if h is None else h.frame_index) for c, h in joiner.ready(now, hands_come)]


def test_cues_and_hands_of_the_same_stamp_are_joined_in_either_order():
    joiner = FrameJoiner(0.5)
    joiner.add_hand(hand(0))
    joiner.add_cues(cues(0), 0.0)
    joiner.add_cues(cues(1), 0.0)
    assert taken(joiner, 0.0) == [(0, 0)]
    joiner.add_hand(hand(1))
    assert taken(joiner, 0.0) == [(1, 1)] and len(joiner) == 0


def test_frames_keep_their_order_and_wait_no_longer_than_patience():
    joiner = FrameJoiner(0.5)
    for i in range(3):
        joiner.add_cues(cues(i), 0.1 * i)
    joiner.add_hand(hand(1))
    assert taken(joiner, 0.4) == []
    assert taken(joiner, 0.55) == [(0, None), (1, 1)]
    assert taken(joiner, 0.8) == [(2, None)]


def test_nobody_waits_for_hands_that_nobody_sends():
    joiner = FrameJoiner(100.0)
    joiner.add_cues(cues(0), 0.0)
    assert taken(joiner, 0.0, hands_come=False) == [(0, None)]


def test_a_hand_of_another_frame_is_not_taken():
    joiner = FrameJoiner(0.5)
    joiner.add_hand(hand(5))
    joiner.add_cues(cues(4), 0.0)
    assert taken(joiner, 1.0) == [(4, None)]


def test_a_frame_that_waits_in_vain_does_not_lose_the_hands_of_later_ones():
    joiner = FrameJoiner(0.5)
    joiner.add_cues(cues(0), 0.0)
    joiner.add_cues(cues(1), 0.0)
    joiner.add_hand(hand(1))
    for _ in range(3):
        assert taken(joiner, 0.1) == []
    joiner.add_hand(hand(0))
    assert taken(joiner, 0.2) == [(0, 0), (1, 1)]


def test_memory_is_bounded():
    joiner = FrameJoiner(0.5)
    for i in range(1000):
        joiner.add_hand(hand(i))
    joiner.add_cues(cues(999), 0.0)
    joiner.add_cues(cues(10), 0.0)
    assert taken(joiner, 1.0) == [(999, 999), (10, None)]


def test_stamps_are_exact_to_the_nanosecond():
    assert nanoseconds(header(1)) == 1_700_000_001_123_456_789
