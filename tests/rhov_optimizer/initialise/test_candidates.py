import numpy as np
import pytest

from rhov_core.pose import exp_rotation, make_transform, rotation_angle
from rhov_optimizer.initialise.candidates import cosines, diverse, nearest_symmetric

IDENTITY = np.eye(3)[None]
HALF_TURNS = np.array([np.diag(d) for d in ([1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1])], float)


def turned(*degrees):
    return make_transform(exp_rotation(np.radians(np.array(degrees))[:, None] * [0, 0, 1.0]), np.zeros(3))


def test_cosines_take_the_nearest_symmetric_copy():
    R = turned(0, 30, 170)[:, :3, :3]
    assert np.degrees(np.arccos(cosines(R[0], R[1:], IDENTITY))) == pytest.approx([30, 170])
    assert np.degrees(np.arccos(cosines(R[0], R[1:], HALF_TURNS))) == pytest.approx([30, 10])


def test_diverse_keeps_the_best_of_each_neighbourhood():
    T = turned(0, 5, 40, 43, 175)
    score = np.array([0.9, 0.95, 0.7, 0.8, 0.85])
    assert diverse(T, score, IDENTITY, np.radians(10), 9) == [1, 4, 3]
    assert diverse(T, score, HALF_TURNS, np.radians(11), 9) == [1, 3]
    assert diverse(T, score, IDENTITY, np.radians(10), 2) == [1, 4]


def test_poses_that_failed_are_left_out():
    assert diverse(turned(0, 90), np.array([-np.inf, 0.1]), IDENTITY, 0.1, 9) == [1]


def test_nearest_symmetric_keeps_to_one_member():
    T = make_transform(exp_rotation([0.3, 0.2, 0.1]), [0.1, 0.2, 0.6])
    symmetries = make_transform(HALF_TURNS, np.zeros(3))
    flipped = T @ symmetries[2]
    found = nearest_symmetric(flipped, T, symmetries)
    assert rotation_angle(found[:3, :3] @ T[:3, :3].T) < 1e-6
