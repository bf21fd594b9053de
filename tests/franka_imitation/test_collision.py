import numpy as np
import pytest

from franka_imitation.collision import CollisionChecker
from franka_imitation.kinematics import Kinematics
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from rhov_core.pose import make_transform

AWAY = make_transform(np.eye(3), [0.5, 0.4, 0.05])


@pytest.fixture(scope="module")
def scene(box):
    return build_scene(Robot.load("panda"), box)


@pytest.fixture(scope="module")
def checker(scene):
    return CollisionChecker(scene, clearance=0.005)


@pytest.fixture(scope="module")
def kinematics(scene):
    return Kinematics(scene)


def posture(kinematics, position):
    """The hand straight down at a position."""
    down = np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]])
    solution = kinematics.inverse(make_transform(down, [position]), kinematics.rest[None], iterations=60)
    assert solution.reached().all()
    return solution.q[0]


def test_the_ready_posture_is_free(checker, kinematics):
    assert checker.find(kinematics.rest, 0.08, AWAY) is None


def test_the_table_is_named(checker, kinematics):
    assert checker.find(posture(kinematics, [0.5, 0, 0.03]), 0.08, AWAY) is None
    hit = checker.find(posture(kinematics, [0.5, 0, 0.008]), 0.08, AWAY)
    assert "table" in hit and "finger" in hit


def test_the_hand_above_an_object_is_free_and_in_it_is_not(checker, kinematics):
    T = make_transform(np.eye(3), [0.5, 0, 0.05])
    assert checker.find(posture(kinematics, [0.5, 0, 0.16]), 0.08, T) is None
    assert "object" in checker.find(posture(kinematics, [0.5, 0, 0.05]), 0.08, T)


def test_fingers_may_touch_only_what_they_hold(checker, kinematics):
    q = posture(kinematics, [0.5, 0, 0.25])
    between = make_transform(np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]]), [0.5, 0, 0.22])
    assert checker.find(q, 0.04, between, held=True) is None
    assert "finger" in checker.find(q, 0.035, between)


def test_a_held_object_must_keep_off_the_table(checker, kinematics):
    q = posture(kinematics, [0.5, 0, 0.25])
    for height, free in ((0.1, True), (0.048, False)):
        T = make_transform(np.eye(3), [0.5, 0.3, height])
        assert (checker.find(q, 0.08, T, held=True) is None) == free
        assert checker.find(q, 0.08, T) is None


def test_the_arm_does_not_pass_through_itself(checker):
    folded = np.array([0.0, -1.7, 0.0, -3.0, 0.0, 0.0, 0.0])
    hit = checker.find(folded, 0.08, AWAY)
    assert hit is not None and "object" not in hit


def test_a_path_collides_where_one_of_its_postures_does(checker, kinematics):
    low, high = (posture(kinematics, [0.5, 0, z]) for z in (0.005, 0.2))
    free = np.repeat(high[None], 5, axis=0)
    assert checker.find_along(free, 0.08, AWAY) is None
    free[3] = low
    assert "table" in checker.find_along(free, 0.08, AWAY)
