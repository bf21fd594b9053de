import numpy as np
import pytest

from franka_imitation.closed_loop.correction import Correction
from franka_imitation.robot import Robot

ROBOT = Robot.load("panda")


def advanced(goal, seconds, largest=0.6):
    correction = Correction(ROBOT, 0.1, largest)
    correction.aim(np.full(7, goal))
    course = []
    for _ in range(round(seconds / 0.002)):
        correction.advance(0.002)
        course.append((correction.value, correction.velocity))
    value, velocity = (np.array(part) for part in zip(*course, strict=True))
    return value, velocity


def test_it_arrives_without_overshoot():
    value, velocity = advanced(0.05, 1.5)
    assert value[-1] == pytest.approx(0.05, abs=1e-3)
    assert value.max() <= 0.0505
    assert np.abs(velocity[-1]).max() < 1e-2


def test_it_keeps_within_its_share_of_the_limits():
    value, velocity = advanced(0.6, 2.0)
    acceleration = np.diff(velocity, axis=0) / 0.002
    assert (np.abs(acceleration) <= 0.3 * ROBOT.limits.acceleration + 1e-9).all()
    assert (np.abs(velocity) <= 0.3 * ROBOT.limits.velocity + 1e-9).all()
    assert np.diff(value, axis=0)[-1] == pytest.approx(0.002 * velocity[-1], abs=1e-9)


def test_it_is_bounded():
    value, _ = advanced(2.0, 4.0, largest=0.1)
    assert value[-1] == pytest.approx(np.full(7, 0.1), abs=2e-3)
