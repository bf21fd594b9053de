import numpy as np
import pytest

from franka_imitation.robot import Robot, robot_names
from franka_imitation.timing import Motion, Pace, check_limits, find_pace, hold, joined, paced, rest_to_rest
from rhov_core.errors import PlanningError

PERIOD, FRACTION = 0.01, 0.45
TIME = np.arange(150) / 30


def swing(robot, amplitude):
    phase = np.linspace(0, 2, 7)
    return robot.ready + amplitude * np.sin(2 * np.pi * 0.4 * TIME[:, None] + phase)


@pytest.mark.parametrize("name", robot_names())
def test_rest_to_rest_uses_the_limits_but_not_more(name):
    robot = Robot.load(name)
    path = np.stack([robot.ready, robot.ready + np.array([0.8, -0.5, 0.3, 0.6, -0.9, 0.4, 1.0])])
    motion = rest_to_rest(path, robot, FRACTION, PERIOD)
    assert motion.q[[0, -1]] == pytest.approx(path)
    assert motion.velocity[[0, -1]] == pytest.approx(np.zeros((2, 7)), abs=1e-9)
    use = check_limits(robot, motion, PERIOD, 0.05, 0.46)
    assert use.velocity > 0.4
    assert np.gradient(motion.q, PERIOD, axis=0)[1:-1] == pytest.approx(motion.velocity[1:-1], abs=0.01)


def test_a_curved_path_is_kept():
    robot = Robot.load("panda")
    s = np.linspace(0, 1, 15)[:, None]
    path = robot.ready + 0.5 * np.sin(2 * s * np.arange(1, 8) / 7)
    motion = rest_to_rest(path, robot, FRACTION, PERIOD)
    nearest = np.abs(motion.q[:, None] - path[None]).max(axis=2).min(axis=0)
    assert nearest.max() < 0.02


def test_a_demonstration_within_the_limits_keeps_its_speed():
    robot = Robot.load("panda")
    pace = find_pace(TIME, swing(robot, 0.2), robot, FRACTION)
    assert pace.slowdown == 1.0
    assert pace.duration == pytest.approx(TIME[-1] + 0.4)


def test_a_fast_demonstration_is_slowed_down_to_the_limits():
    robot = Robot.load("panda")
    q = swing(robot, 0.6)
    pace = find_pace(TIME, q, robot, FRACTION)
    assert pace.slowdown > 1.2
    use = check_limits(robot, paced(TIME, q, pace, PERIOD), PERIOD, 0.05, 0.47)
    assert max(use.velocity, use.acceleration) > 0.4


def test_frames_are_due_where_the_arm_is_then():
    robot = Robot.load("panda")
    q = swing(robot, 0.3)
    pace = find_pace(TIME, q, robot, FRACTION)
    motion = paced(TIME, q, pace, PERIOD)
    due = pace.due(TIME)
    at = np.arange(len(motion.q)) * PERIOD
    there = np.stack([np.interp(due, at, motion.q[:, j]) for j in range(7)], axis=1)
    assert there == pytest.approx(q, abs=1e-3)
    assert motion.velocity[[0, -1]] == pytest.approx(np.zeros((2, 7)), abs=1e-9)


def test_the_derivatives_of_the_pace_are_its_derivatives():
    pace = Pace(2.0, 1.5)
    time = np.linspace(0, pace.duration, 4001)
    at, *derivatives = pace.at(time)
    assert at[[0, -1]] == pytest.approx([0, 2])
    for value, derivative in zip((at, *derivatives[:2]), derivatives, strict=True):
        assert np.gradient(value, time)[20:-20] == pytest.approx(derivative[20:-20], abs=0.05)


def test_a_very_short_demonstration_has_a_pace():
    pace = Pace(0.1, 1.0)
    at = pace.at(np.linspace(0, pace.duration, 100))[0]
    assert (np.diff(at) >= 0).all()
    assert at[[0, -1]] == pytest.approx([0, 0.1])


def test_motions_are_joined_without_repeating_samples():
    first, second = hold(np.zeros(7), 0.1, PERIOD), hold(np.zeros(7), 0.2, PERIOD)
    assert len(joined([first, second]).q) == 31


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda q, v: (q.__setitem__((5, 3), -0.05), None), "position limit of panda_joint4 at 0.05 s"),
        (lambda q, v: v.__setitem__((7, 1), 1.5), "velocity limit of panda_joint2 at 0.07 s"),
        (lambda q, v: v.__setitem__((slice(6, None), 0), 0.4), "acceleration limit of panda_joint1"),
        (lambda q, v: q.__setitem__((5, 3), np.nan), "number"),
    ],
)
def test_a_motion_outside_the_limits_is_refused_by_name(change, words):
    robot = Robot.load("panda")
    q, velocity = np.repeat(robot.ready[None], 20, axis=0), np.zeros((20, 7))
    change(q, velocity)
    with pytest.raises(PlanningError, match=words):
        check_limits(robot, Motion(q, velocity), PERIOD, 0.05, 0.5)
