"""What a controller refuses: the rules of joint_trajectory_controller, one by one."""

import dataclasses

import numpy as np
import pytest

from franka_imitation.controller.goal import GoalPoint, JointTolerance, TrajectoryGoal, in_joint_order, refusal
from franka_imitation.controller.tolerances import Tolerances, resolve, worst_violation

NAMES = tuple(f"joint{i}" for i in range(1, 8))
P = np.linspace(-1, 1, 7)


def goal(*points, names=NAMES, **fields):
    return TrajectoryGoal(names, points or (GoalPoint(1.0, P), GoalPoint(2.0, P + 0.1)), **fields)


def test_accepts_positions_only_velocities_and_any_order_of_joints():
    full = GoalPoint(1.0, P, np.zeros(7), np.ones(7))
    assert refusal(goal(), NAMES, 0.0) is None
    assert refusal(goal(full), NAMES, 0.0) is None
    assert refusal(goal(names=NAMES[::-1]), NAMES, 0.0) is None
    assert refusal(goal(GoalPoint(0.0, P)), NAMES, 0.0) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (goal(names=NAMES[:6]), "don't match the controller joints"),
        (goal(names=()), "don't match the controller joints"),
        (TrajectoryGoal(NAMES, ()), "Empty trajectory"),
        (goal(names=(*NAMES[:6], "elbow")), "joint elbow"),
        (goal(names=(*NAMES[:6], "joint1")), "named twice"),
        (goal(GoalPoint(1.0, P, np.full(7, 1e-3))), "joint1 is not zero"),
        (goal(GoalPoint(1.0, P), GoalPoint(1.0, P)), "points 0 and 1 is not strictly increasing"),
        (goal(GoalPoint(1.0, P), GoalPoint(0.5, P)), "points 0 and 1 is not strictly increasing"),
        (goal(GoalPoint(-1.0, P), GoalPoint(0.5, P)), "before the start"),
        (goal(GoalPoint(float("nan"), P)), "before the start"),
        (goal(GoalPoint(1.0, P[:6])), "positions (6) at point 0"),
        (goal(GoalPoint(1.0, np.zeros(0), np.zeros(7))), "positions (0) at point 0"),
        (goal(GoalPoint(1.0, P, np.zeros(3))), "velocities (3) at point 0"),
        (goal(GoalPoint(1.0, P, np.zeros(7), np.zeros(3))), "accelerations (3) at point 0"),
        (goal(GoalPoint(1.0, P, effort=np.zeros(7))), "effort"),
        (goal(GoalPoint(1.0, np.array([*P[:2], np.nan, *P[3:]]))), "joint3 at point 0 are not finite"),
        (goal(stamp=97.0), "ends in the past"),
    ],
)
def test_refuses(given, words):
    assert words in refusal(given, NAMES, 100.0)


def test_a_stamp_whose_trajectory_ends_in_the_future_is_accepted():
    assert refusal(goal(stamp=98.5), NAMES, 100.0) is None
    assert refusal(goal(stamp=101.0), NAMES, 100.0) is None


def test_a_tiny_final_velocity_passes_as_upstream():
    assert refusal(goal(GoalPoint(1.0, P, np.full(7, 1e-8))), NAMES, 0.0) is None


def test_values_are_sorted_into_the_order_of_the_controller():
    point = GoalPoint(1.0, P[::-1].copy(), 2 * P[::-1], 3 * P[::-1])
    (out,) = in_joint_order(goal(point, names=NAMES[::-1]), NAMES)
    np.testing.assert_array_equal(out.positions, P)
    np.testing.assert_array_equal(out.velocities, 2 * P)
    np.testing.assert_array_equal(out.accelerations, 3 * P)


DEFAULT = Tolerances(np.full((3, 7), 0.1), np.full((3, 7), 0.2), 1.5)


def test_tolerances_of_a_goal_replace_defaults_and_minus_one_turns_them_off():
    given = goal(
        path_tolerance=(JointTolerance("joint2", 0.05, -1.0, 0.0),),
        goal_tolerance=(JointTolerance("joint7", position=-1.0),),
        goal_time_tolerance=-1.0,
    )
    tolerances, warning = resolve(given, NAMES, DEFAULT)
    assert warning is None
    np.testing.assert_array_equal(tolerances.path[:, 1], [0.05, 0.0, 0.1])
    np.testing.assert_array_equal(tolerances.path[:, 0], [0.1, 0.1, 0.1])
    np.testing.assert_array_equal(tolerances.goal[:, 6], [0.0, 0.2, 0.2])
    assert tolerances.goal_time == 0.0
    assert resolve(goal(), NAMES, DEFAULT)[0].goal_time == 1.5


@pytest.mark.parametrize(
    "fields",
    [
        {"path_tolerance": (JointTolerance("joint1", 0.01), JointTolerance("elbow", 0.05))},
        {"goal_tolerance": (JointTolerance("joint1", -0.5),)},
        {"goal_time_tolerance": -3.0},
    ],
)
def test_unusable_tolerances_leave_all_defaults_and_say_so(fields):
    tolerances, warning = resolve(goal(**fields), NAMES, DEFAULT)
    assert tolerances is DEFAULT
    assert "default tolerances are used" in warning


def test_the_worst_violation_is_relative_to_the_tolerance():
    error = np.zeros((3, 7))
    assert worst_violation(error, DEFAULT.path) is None
    error[0, 1], error[1, 4] = 0.15, -0.3
    assert worst_violation(error, DEFAULT.path) == 4
    tolerance = DEFAULT.path.copy()
    tolerance[1] = 0.0  # no limit
    assert worst_violation(error, tolerance) == 1
    error[:] = np.nan  # not measured
    assert worst_violation(error, DEFAULT.path) is None


def test_goals_are_values():
    assert dataclasses.replace(goal(), stamp=1.0).stamp == 1.0
    assert goal().duration == 2.0
