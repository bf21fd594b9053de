"""What stops the arm, and that it stays stopped."""

import numpy as np
import pytest

from franka_imitation.controller.spline import Sample
from franka_imitation.hardware.generator import GeneratorConfig
from franka_imitation.hardware.servo import Servo, ServoConfig
from franka_imitation.robot import Robot

ROBOT = Robot.load("panda")
PERIOD = 0.004


class Arm:
    """An arm that does what it is told; `offset` is what it fails to do."""

    def __init__(self):
        self.servo = Servo(ROBOT, GeneratorConfig(), ServoConfig(), PERIOD)
        self.servo.start(ROBOT.ready)
        self.offset = np.zeros(7)

    def tick(self, set_point="none"):
        if set_point != "none":
            self.sent = self.servo.send(set_point)
        return self.servo.tick(self.servo.command.positions + self.offset)

    def hold(self, cycles):
        for _ in range(cycles):
            command = self.tick(None)
        return command


def moving(speed=0.3):
    """A set-point that moves on with a speed [rad/s]."""
    return lambda t: Sample(ROBOT.ready + speed * t, np.full(7, speed), np.zeros(7))


@pytest.fixture
def arm():
    return Arm()


def drive(arm, seconds, reference=None):
    reference = reference or moving()
    for k in range(round(seconds / PERIOD)):
        command = arm.tick(reference(k * PERIOD))
    return command


def test_returns_what_it_really_sends(arm):
    beyond = Sample(ROBOT.limits.upper + 1.0, np.ones(7), np.zeros(7))
    sent = arm.servo.send(beyond)
    np.testing.assert_allclose(sent.positions, ROBOT.limits.upper - 0.05)
    assert not sent.velocities.any()
    inside = Sample(ROBOT.ready + 0.1, np.full(7, 0.1), np.zeros(7))
    np.testing.assert_array_equal(arm.servo.send(inside).positions, inside.positions)


def test_without_set_points_the_watchdog_stops_after_100_ms(arm):
    drive(arm, 0.6)
    assert np.abs(arm.servo.command.velocities).max() > 0.25
    for _ in range(25):
        arm.tick()
        assert arm.servo.fault is None
    for _ in range(3):
        arm.tick()
    assert "100 ms" in arm.servo.fault
    before = arm.servo.command
    for _ in range(100):
        after = arm.tick()
    assert np.abs(np.diff([before.accelerations, after.accelerations])).max() < 20
    assert not after.velocities.any()
    # stays stopped although set-points come again
    assert arm.servo.send(moving()(0.0)) is None
    assert not drive(arm, 0.3).velocities.any()


def test_a_deviation_stops_the_arm_and_names_the_joint(arm):
    drive(arm, 0.5)
    arm.offset[3] = -0.2
    arm.tick(moving()(0.5))
    assert "panda_joint4 deviates by 0.200 rad" in arm.servo.fault
    assert arm.sent is not None
    arm.tick(moving()(0.504))
    assert arm.sent is None


def test_a_stop_is_within_the_limits_and_keeps_its_first_reason(arm):
    drive(arm, 0.6)
    arm.servo.stop("Stopped by hand.")
    arm.servo.stop("Another reason.")
    states = [arm.tick(moving()(1.0)) for _ in range(150)]
    assert arm.servo.fault == "Stopped by hand."
    accelerations = np.array([s.accelerations for s in states])
    assert (np.abs(accelerations) <= 0.5 * ROBOT.limits.acceleration + 1e-9).all()
    assert (np.abs(np.diff(accelerations, axis=0)) <= 0.5 * ROBOT.limits.jerk * PERIOD + 1e-9).all()
    assert not states[-1].velocities.any()


def test_recovery_waits_for_rest_and_starts_from_the_measured_posture(arm):
    drive(arm, 0.6)
    arm.servo.stop("Stopped by hand.")
    arm.tick(None)
    assert "coming to rest" in arm.servo.recover(arm.servo.command.positions)
    assert arm.servo.fault
    arm.hold(200)
    measured = arm.servo.command.positions + 0.01
    assert arm.servo.recover(measured) is None
    assert arm.servo.fault is None
    np.testing.assert_array_equal(arm.servo.command.positions, measured)
    assert arm.servo.send(moving()(0.0)) is not None


def test_no_set_point_means_come_to_rest_without_a_fault(arm):
    drive(arm, 0.6)
    command = arm.hold(200)
    assert arm.servo.fault is None and not command.velocities.any()
