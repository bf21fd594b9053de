"""The simulated robot behaves as the backend promises."""

import numpy as np
import pytest

from franka_imitation.controller.spline import Sample
from franka_imitation.hardware.servo import ServoConfig
from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from rhov_core.pose import make_transform

ROBOT = Robot.load("panda")
REST = np.zeros(7)


@pytest.fixture(scope="module")
def scene(box):
    return build_scene(ROBOT, box)


@pytest.fixture
def robot(scene):
    robot = SimulatedRobot(scene, start_time=1000.0)
    robot.connect()
    return robot


def run(robot, seconds, set_point=None):
    for _ in range(round(seconds / robot.period)):
        robot.send(set_point(robot.time - 1000.0) if callable(set_point) else set_point)
        robot.advance()
    return robot.read()


def moving(t):
    """Joint 1 with up to 0.3 rad/s."""
    e = np.eye(7)[0]
    w = 2 * np.pi * 0.25
    return Sample(
        ROBOT.ready + e * 0.19 * (1 - np.cos(w * t)), e * 0.19 * w * np.sin(w * t), e * 0.19 * w * w * np.cos(w * t)
    )


def test_it_starts_at_rest_in_its_ready_posture_beside_the_object(robot):
    state = robot.read()
    assert state.time == 1000.0 and state.fault is None
    np.testing.assert_allclose(state.measured.positions, ROBOT.ready)
    assert state.width == pytest.approx(ROBOT.gripper.max_width)
    after = run(robot, 0.5)
    assert after.time == pytest.approx(1000.5)
    np.testing.assert_allclose(after.measured.positions, ROBOT.ready, atol=1e-4)
    np.testing.assert_allclose(robot.T_base_object[:3, 3], [0.5, 0.0, 0.05], atol=2e-3)


def test_the_arm_does_what_it_is_commanded(robot):
    error, largest = 0.0, 0.0
    for _ in range(500):
        state = run(robot, robot.period, moving)
        error = max(error, np.abs(state.measured.positions - state.commanded.positions).max())
        largest = max(largest, np.abs(state.measured.velocities).max())
    assert error < 5e-4 and largest > 0.25
    np.testing.assert_allclose(state.commanded.positions, moving(state.time - 1000.0).positions, atol=5e-4)


def test_set_points_that_stay_away_trip_the_watchdog(robot):
    run(robot, 1.0, moving)
    for _ in range(round(0.1 / robot.period)):
        robot.advance()
    assert robot.read().fault is None
    robot.advance()
    robot.advance()
    assert "100 ms" in robot.read().fault
    for _ in range(100):
        robot.advance()
    resting = robot.read().measured.positions
    after = run(robot, 0.5, moving)  # set-points are refused
    np.testing.assert_allclose(after.measured.positions, resting, atol=1e-3)
    assert robot.recover() is None
    assert run(robot, 0.1, None).fault is None


def test_an_obstacle_trips_the_deviation(scene):
    robot = SimulatedRobot(scene, servo=ServoConfig(deviation=0.03))
    robot.connect()
    down = np.array([0, 1.3, 0, -0.1, 0, 1.2, 0])

    def through_the_table(t):
        s = min(t / 4.0, 1.0)
        return Sample(ROBOT.ready + down * s, down / 4.0 if s < 1 else REST, REST)

    for _ in range(1500):
        robot.send(through_the_table(robot.time))
        robot.advance()
    assert "deviates" in robot.read().fault and "panda_joint" in robot.read().fault


def test_a_stop_brings_it_to_rest_and_keeps_the_grip(robot):
    T = make_transform(np.eye(3), [0.5, 0.0, 0.05])
    assert robot.place_object(T) is None
    run(robot, 1.0, moving)
    robot.move_gripper(0.03, 0.1, 20.0)
    run(robot, 1.0, moving)
    robot.stop("Stopped by hand.")
    state = run(robot, 0.6, moving)
    assert state.fault == "Stopped by hand." and np.abs(state.measured.velocities).max() < 1e-3
    assert state.width == pytest.approx(0.03, abs=1e-3)


def test_the_gripper_moves_at_its_speed_and_stops(robot):
    robot.move_gripper(0.02, 0.05, 20.0)
    state = run(robot, 0.5)
    assert state.width == pytest.approx(0.08 - 0.025, abs=3e-3)
    robot.stop_gripper()
    assert run(robot, 0.5).width == pytest.approx(state.width, abs=3e-3)


def test_the_object_cannot_be_placed_inside_something(robot):
    before = robot.T_base_object
    reason = robot.place_object(make_transform(np.eye(3), [0.0, 0.0, 0.15]))
    assert "inside link0" in reason and "mm" in reason
    np.testing.assert_array_equal(robot.T_base_object, before)
    assert "inside world" in robot.place_object(make_transform(np.eye(3), [0.5, 0.0, 0.0]))  # half in the table
    free = make_transform(np.eye(3), [0.45, 0.2, 0.051])
    assert robot.place_object(free) is None
    run(robot, 0.3)
    np.testing.assert_allclose(robot.T_base_object[:3, 3], free[:3, 3], atol=2e-3)


def test_where_nothing_moves_physics_sleep_and_wake_up_again(robot):
    run(robot, 2.5)
    steps = robot._simulator.data.time
    state = run(robot, 1.0)
    assert robot._simulator.data.time == steps  # no step was needed
    assert state.time == pytest.approx(1003.5)  # but the clock went on
    run(robot, 0.5, lambda t: moving(t - 3.5))
    assert robot._simulator.data.time > steps + 0.4
    run(robot, 2.5)
    assert robot.place_object(make_transform(np.eye(3), [0.5, 0.1, 0.2])) is None  # in the air: it has to fall
    run(robot, 1.0)
    assert robot.T_base_object[2, 3] < 0.06
