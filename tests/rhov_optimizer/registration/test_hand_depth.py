from dataclasses import replace

import numpy as np
import pytest

from rhov_core.cues import FrameCues
from rhov_optimizer.registration.hand_depth import (
    BEHIND,
    LARGEST_PENALTY,
    LARGEST_SIGMA,
    LEAST_SHARE,
    SPREAD,
    HandDepth,
    hidden_share,
)

MASK = np.zeros((120, 160), np.bool_)
MASK[40:80, 40:120] = True
HAND = np.zeros_like(MASK)
HAND[:, :80] = True
DIAMETER = 0.16


def cues(hand, hand_mask=HAND):
    return FrameCues(0, 0.0, (160, 120), hand=hand, hand_mask=hand_mask)


def at(z):
    T = np.eye(4)
    T[2, 3] = z
    return T


def test_the_share_that_a_hand_hides_is_that_of_the_hull():
    assert hidden_share(MASK, HAND) == pytest.approx(0.5, abs=0.05)
    assert hidden_share(MASK & ~HAND | (MASK & (np.indices(MASK.shape)[1] < 44)), HAND) == pytest.approx(0.5, abs=0.05)
    assert hidden_share(MASK, ~MASK) == 0


def test_the_object_is_expected_a_little_behind_the_hand(hand_at):
    found = HandDepth.of(cues(hand_at(0.6, sigma=0.03)), MASK, DIAMETER)
    assert found.depth == pytest.approx(0.6 + BEHIND)
    assert found.sigma == pytest.approx(np.hypot(0.03, SPREAD * DIAMETER))
    assert found.off(at(found.depth - 2 * found.sigma)) == pytest.approx(2)


def test_without_a_trustworthy_hand_in_front_nothing_is_known(hand_at):
    hand = hand_at(0.6)
    assert HandDepth.of(cues(hand), MASK, DIAMETER) is not None
    assert HandDepth.of(cues(None), MASK, DIAMETER) is None
    assert HandDepth.of(cues(hand, None), MASK, DIAMETER) is None
    assert HandDepth.of(cues(hand), None, DIAMETER) is None
    assert HandDepth.of(cues(hand), np.zeros_like(MASK), DIAMETER) is None
    assert HandDepth.of(cues(hand, ~MASK), MASK, DIAMETER) is None
    assert HandDepth.of(cues(hand_at(0.6, sigma=1.1 * LARGEST_SIGMA)), MASK, DIAMETER) is None
    assert LEAST_SHARE < 0.5


def test_the_penalty_is_nothing_near_the_hand_and_bounded_far_away():
    hand = HandDepth(0.6, 0.05, 0.8)
    near, off, far, further = (hand.penalty(at(0.6 + k * 0.05)) for k in (0.9, 2.0, 6.0, 60.0))
    assert near == 0
    assert 0 < off < far
    assert far == pytest.approx(further, rel=1e-3) == pytest.approx(LARGEST_PENALTY * 0.8, rel=1e-3)
    assert replace(hand, share=0.4).penalty(at(1.0)) == pytest.approx(hand.penalty(at(1.0)) / 2)


def test_its_normal_equations_pull_along_the_line_of_sight_unless_it_is_hopeless():
    hand, A, b = HandDepth(0.6, 0.05, 0.8), np.zeros((6, 6)), np.zeros(6)
    hand.accumulate(at(0.61), 1.0, A, b)
    assert pytest.approx(0.61 - b[2] / A[2, 2]) == 0.6
    assert np.count_nonzero(A) == np.count_nonzero(b) == 1
    assert A[2, 2] == pytest.approx(1 / 0.05**2, rel=0.01)
    hand.accumulate(at(1.6), 1.0, A, b)
    assert A[2, 2] == pytest.approx(1 / 0.05**2, rel=0.01)
