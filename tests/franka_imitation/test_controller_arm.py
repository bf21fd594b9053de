"""The state machine of the trajectory controller, driven by hand."""

import numpy as np
import pytest

from franka_imitation.controller.goal import GoalPoint, JointTolerance, TrajectoryGoal
from franka_imitation.controller.joint_trajectory_controller import (
    GOAL_TOLERANCE_VIOLATED,
    INVALID_GOAL,
    PATH_TOLERANCE_VIOLATED,
    SUCCESSFUL,
    ControllerConfig,
    JointTrajectoryController,
)
from franka_imitation.controller.spline import Sample

NAMES = tuple(f"joint{i}" for i in range(1, 8))
PERIOD = 0.01
REST = Sample(np.zeros(7), np.zeros(7), np.zeros(7))


def line(end=1.0, duration=1.0, **fields):
    return TrajectoryGoal(NAMES, (GoalPoint(duration, np.full(7, end)),), **fields)


class Arm:
    """A robot that does exactly what it is told, plus an offset."""

    def __init__(self, **config):
        self.controller = JointTrajectoryController(NAMES, ControllerConfig(**config))
        self.now, self.state, self.offset = 0.0, REST, np.zeros(7)

    def run(self, seconds):
        for _ in range(round(seconds / PERIOD)):
            measured = Sample(self.state.positions + self.offset, self.state.velocities, np.full(7, np.nan))
            command, self.progress = self.controller.update(self.now, measured, self.state)
            self.state = command or Sample(self.state.positions, np.zeros(7), np.zeros(7))
            self.command = command
            self.now += PERIOD
        return self.controller.take_outcomes()


@pytest.fixture
def arm():
    return Arm()


def test_follows_a_goal_and_holds_its_end(arm):
    goal_id, warning = arm.controller.accept(line())
    assert warning is None and arm.controller.active_goal == goal_id
    assert arm.run(0.5) == []
    assert arm.progress.goal_id == goal_id
    np.testing.assert_allclose(arm.progress.desired.positions, arm.progress.time_from_start * np.ones(7), atol=1e-9)
    (outcome,) = arm.run(0.6)
    assert (outcome.goal_id, outcome.code, outcome.cancelled) == (goal_id, SUCCESSFUL, False)
    arm.run(3.0)
    np.testing.assert_array_equal(arm.command.positions, np.ones(7))
    assert arm.controller.active_goal is None


def test_starts_from_the_commanded_state_not_from_the_measured_one(arm):
    arm.offset[:] = 0.03
    arm.controller.accept(line())
    arm.run(PERIOD)
    np.testing.assert_allclose(arm.command.positions, 0.0, atol=1e-12)


def test_a_new_goal_aborts_the_old_one_and_goes_on_from_where_it_was(arm):
    first, _ = arm.controller.accept(line())
    arm.run(0.5)
    before = arm.state.positions.copy()
    second, _ = arm.controller.accept(line(end=0.2))
    outcomes = arm.run(PERIOD)
    assert [(o.goal_id, o.code, o.cancelled) for o in outcomes] == [(first, INVALID_GOAL, False)]
    assert "new incoming action" in outcomes[0].message
    assert np.abs(arm.state.positions - before).max() < 0.02
    (outcome,) = arm.run(1.2)
    assert (outcome.goal_id, outcome.code) == (second, SUCCESSFUL)
    np.testing.assert_array_equal(arm.state.positions, np.full(7, 0.2))


def test_cancelling_comes_to_rest_and_touches_no_other_goal(arm):
    first, _ = arm.controller.accept(line())
    arm.controller.cancel(first + 5)
    assert arm.run(0.3) == []
    arm.controller.cancel(first)
    (outcome,) = arm.run(PERIOD)
    assert outcome.cancelled and outcome.goal_id == first
    assert arm.command is None  # come to rest and hold
    assert arm.controller.active_goal is None


def test_leaving_the_path_aborts_with_joint_and_time(arm):
    arm.controller.accept(line())
    arm.run(0.3)
    arm.offset[4] = 0.15  # and the arm is one cycle behind
    (outcome,) = arm.run(PERIOD)
    assert outcome.code == PATH_TOLERANCE_VIOLATED
    assert "joint5 is off by -0.1400 rad" in outcome.message and "at 0.300 s" in outcome.message
    assert arm.command is None


def test_a_path_tolerance_of_the_goal_is_used(arm):
    arm.offset[4] = 0.05
    arm.controller.accept(line(path_tolerance=(JointTolerance("joint5", position=0.02),)))
    (outcome,) = arm.run(PERIOD)
    assert outcome.code == PATH_TOLERANCE_VIOLATED


def test_the_goal_has_to_be_reached_in_time(arm):
    arm.offset[2] = 0.05
    arm.controller.accept(line(goal_time_tolerance=0.3))
    assert arm.run(1.25) == []
    (outcome,) = arm.run(0.2)
    assert outcome.code == GOAL_TOLERANCE_VIOLATED and "joint3" in outcome.message


def test_without_a_limit_the_controller_waits_for_ever(arm):
    arm.offset[2] = 0.05
    arm.controller.accept(line(goal_time_tolerance=-1.0))
    assert arm.run(30.0) == []
    arm.offset[2] = 0.0
    assert arm.run(0.1)[0].code == SUCCESSFUL


def test_a_late_goal_is_reached_when_the_robot_arrives(arm):
    arm.offset[2] = 0.05
    arm.controller.accept(line())
    assert arm.run(1.5) == []
    arm.offset[2] = 0.0
    assert arm.run(PERIOD)[0].code == SUCCESSFUL


def test_a_stamp_in_the_future_shifts_the_end(arm):
    arm.controller.accept(line(stamp=2.0))
    assert arm.run(2.9) == []
    assert arm.run(0.2)[0].code == SUCCESSFUL


def test_a_stamp_in_the_past_skips_what_is_over(arm):
    arm.now = 10.0
    arm.controller.accept(TrajectoryGoal(NAMES, (GoalPoint(0.0, np.zeros(7)), GoalPoint(1.0, np.full(7, 0.02))), 9.5))
    arm.run(PERIOD)
    np.testing.assert_allclose(arm.command.positions, 0.01, atol=1e-9)


def test_abort_without_a_goal_does_nothing(arm):
    arm.controller.abort("nothing")
    assert arm.run(0.1) == []
