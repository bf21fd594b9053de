"""Gripper goals as franka_ros2 understands them."""

import pytest

from franka_imitation.controller.gripper_controller import GripperConfig, GripperController
from franka_imitation.robot import Robot

LIMITS = Robot.load("panda").gripper


class Fingers:
    """Fingers that move towards their goal until they meet an object."""

    def __init__(self, width=0.08, object_width=0.0):
        self.controller = GripperController(LIMITS, GripperConfig())
        self.width, self.object_width, self.now, self.motion = width, object_width, 0.0, None

    def grip(self, position, effort=20.0):
        goal_id, motion = self.controller.accept(position, effort, self.now, self.width)
        self.motion = motion or self.motion
        return goal_id

    def run(self, seconds):
        for _ in range(round(seconds / 0.01)):
            if self.motion:
                step = 0.01 * self.motion.speed
                self.width += min(max(self.motion.width - self.width, -step), step)
                self.width = max(self.width, self.object_width)
            self.now += 0.01
            self.controller.update(self.now, self.width)
        return self.controller.take_outcomes()


def test_the_position_is_half_the_width():
    fingers = Fingers()
    goal_id = fingers.grip(0.01)
    assert fingers.motion.width == pytest.approx(0.02)
    (outcome,) = fingers.run(1.0)
    assert outcome.goal_id == goal_id and outcome.reached and not outcome.stalled and outcome.success
    assert outcome.width == pytest.approx(0.02, abs=0.0011)


def test_closing_onto_an_object_stalls_and_succeeds():
    fingers = Fingers(object_width=0.05)
    fingers.grip(0.0, 30.0)
    assert fingers.motion.force == 30.0
    assert fingers.run(0.35) == []  # has just met the object: not yet stalled
    (outcome,) = fingers.run(0.3)
    assert outcome.stalled and outcome.success and not outcome.reached  # far from the commanded 0
    assert outcome.width == pytest.approx(0.05)


def test_a_stalled_grasp_near_its_width_has_reached_its_goal():
    fingers = Fingers(object_width=0.05)
    fingers.grip(0.0235)
    (outcome,) = fingers.run(1.0)
    assert outcome.stalled and outcome.reached


def test_opening_against_something_fails():
    fingers = Fingers(width=0.02)
    goal_id = fingers.grip(0.04)
    fingers.motion = None
    (outcome,) = fingers.run(1.0)
    assert outcome.goal_id == goal_id and not outcome.success and "short of 0.0800" in outcome.message


@pytest.mark.parametrize(("position", "effort"), [(0.041, 10.0), (-0.001, 10.0), (0.02, -1.0), (float("nan"), 1.0)])
def test_impossible_goals_fail_at_once(position, effort):
    fingers = Fingers()
    goal_id = fingers.grip(position, effort)
    assert fingers.motion is None
    (outcome,) = fingers.run(0.01)
    assert outcome.goal_id == goal_id and not outcome.success


def test_force_is_limited_and_zero_means_the_default():
    fingers = Fingers()
    fingers.grip(0.01, 500.0)
    assert fingers.motion.force == LIMITS.max_force
    fingers.grip(0.01, 0.0)
    assert fingers.motion.force == GripperConfig().default_force


def test_a_new_goal_aborts_the_old_one_and_cancel_ends_one():
    fingers = Fingers()
    first = fingers.grip(0.0)
    fingers.run(0.1)
    second = fingers.grip(0.03)
    (outcome,) = fingers.run(0.01)
    assert outcome.goal_id == first and not outcome.success and not outcome.cancelled
    assert not fingers.controller.cancel(first, fingers.width)
    assert fingers.controller.cancel(second, fingers.width)
    (outcome,) = fingers.run(0.01)
    assert outcome.goal_id == second and outcome.cancelled and not outcome.success
    assert fingers.controller.active_goal is None
