from itertools import pairwise

import numpy as np
import pytest

from franka_imitation.joint_path import connect, segment_is_free

LOW, HIGH = -np.full(7, 3.0), np.full(7, 3.0)
START, GOAL = np.zeros(7), np.r_[2.0, np.zeros(6)]


def wall(q, thinner=0.0):
    """Free but for a wall across joint 1 with a door at large values of joint 2."""
    return not (0.8 + thinner < q[0] < 1.2 - thinner and q[1] < 1.0 - thinner)


def test_a_free_way_is_straight():
    assert connect(START, GOAL, lambda q: True, LOW, HIGH, 0) == pytest.approx(np.stack([START, GOAL]))


def test_a_wall_is_passed_through_its_door():
    path = connect(START, GOAL, wall, LOW, HIGH, 0)
    assert path[0] == pytest.approx(START)
    assert path[-1] == pytest.approx(GOAL)
    for a, b in pairwise(path):
        fine = a + np.linspace(0, 1, 400)[:, None] * (b - a)
        assert all(wall(q, thinner=0.04) for q in fine)  # corners are cut by less than the resolution
    assert np.abs(np.diff(path, axis=0)).max(axis=1).sum() < 8


def test_the_direction_does_not_matter():
    path = connect(GOAL, START, wall, LOW, HIGH, 0)
    assert path[0] == pytest.approx(GOAL)
    assert path[-1] == pytest.approx(START)


def test_the_same_seed_gives_the_same_path():
    first, second = (connect(START, GOAL, wall, LOW, HIGH, 3) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_closed_wall_has_no_path():
    assert connect(START, GOAL, lambda q: not 0.8 < q[0] < 1.2, LOW, HIGH, 0, growths=60) is None


def test_without_a_search_only_the_straight_path_is_tried():
    assert connect(START, GOAL, wall, LOW, HIGH, 0, growths=0) is None


def test_thin_obstacles_are_seen():
    assert not segment_is_free(START, GOAL, lambda q: not 0.98 < q[0] < 1.02)
