"""Set-points through the controller of a simulated robot: stops that stay, and goals that come too late."""

import numpy as np
import pytest

from franka_imitation.controller.goal import in_joint_order
from franka_imitation.controller.joint_trajectory_controller import ControllerConfig
from franka_imitation.controller.spline import Spline
from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay import LocalClient, ReplayError
from franka_imitation.replay.set_point_stream import SetPointStream
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks, SafetyConfig
from franka_imitation.scene import build_scene

ROBOT = Robot.load("panda")
STILL = np.zeros(7)
FRACTION = 0.5


@pytest.fixture(scope="module")
def checks():
    return SafetyChecks(ROBOT, SafetyConfig(limit_fraction=FRACTION))


@pytest.fixture
def client(box):
    return LocalClient(SimulatedRobot(build_scene(ROBOT, box)))


def rotate(stream, q, speed, seconds, period=0.01, joint=0):
    """Set-points of one joint at a speed [rad/s], from and to rest within 0.5 s at both ends; returns the last."""
    for time in np.arange(round(seconds / period)) * period:
        velocity = STILL.copy()
        velocity[joint] = speed * min(1.0, time / 0.5, max((seconds - time) / 0.5, 0.0))
        q = q + velocity * period
        stream.add(period, q, velocity)
    return q


def rest(stream, q, seconds):
    for _ in range(round(seconds / 0.01)):
        stream.add(0.01, q, STILL)


def test_a_stop_while_the_arm_stands_is_kept_after_it_was_recovered(client, checks):
    stream = SetPointStream(client, checks, 1.0, ROBOT.ready)
    rest(stream, ROBOT.ready, 0.5)
    client.loop.emergency_stop("Emergency stop was called.")
    client.wait(0.05)
    assert client.loop.recover() is None
    with pytest.raises(ReplayError, match="Emergency stop"):
        rotate(stream, ROBOT.ready, 0.3, 2.0)
    client.wait(0.5)
    np.testing.assert_allclose(client.posture().q, ROBOT.ready, atol=0.01)


def test_a_stop_while_the_fingers_move_is_kept_after_it_was_recovered(client, checks):
    stream = SetPointStream(client, checks, 1.0, ROBOT.ready)
    q = rotate(stream, ROBOT.ready, 0.3, 2.0)
    stream.finish()
    client.wait(5.0)
    client.loop.emergency_stop("Emergency stop was called.")
    client.wait(0.05)
    assert client.loop.recover() is None
    with pytest.raises(ReplayError, match="Emergency stop"):
        rest(stream, q, 0.5)


def test_a_goal_that_the_controller_aborted_is_not_replaced(box, checks):
    exact = ControllerConfig(path_tolerance=1e-4)
    client = LocalClient(SimulatedRobot(build_scene(ROBOT, box)), exact)
    stream = SetPointStream(client, checks, 1.0, ROBOT.ready)
    with pytest.raises(ReplayError, match="path tolerance"):
        rotate(stream, ROBOT.ready, 0.5, 2.0)
    assert not client.loop.busy


def test_another_stream_begins_without_the_stop_of_the_one_before(client, checks):
    stream = SetPointStream(client, checks, 1.0, ROBOT.ready)
    rest(stream, ROBOT.ready, 0.2)
    client.loop.emergency_stop("Emergency stop was called.")
    client.wait(0.05)
    assert client.loop.recover() is None
    another = SetPointStream(client, checks, 1.0, ROBOT.ready)
    q = rotate(another, ROBOT.ready, 0.3, 2.0)
    another.close()
    np.testing.assert_allclose(client.posture().q, q, atol=0.01)


def test_after_the_end_no_goal_is_left(client, checks):
    stream = SetPointStream(client, checks, 1.0, ROBOT.ready)
    rotate(stream, ROBOT.ready, 0.3, 2.0)
    stream.finish()
    assert client.loop.busy
    stream.close()
    client.wait(0.5)
    assert not client.loop.busy


@pytest.mark.parametrize("pause", [0.12, 0.2, 0.3, 1.0])
def test_after_a_pause_the_arm_sets_off_again_within_the_limits(client, checks, pause, monkeypatch):
    """The program that makes set-points is held up while the arm moves: it comes to rest by itself meanwhile."""
    accelerations, send = [], client.stream

    def stream_and_look(goal, **kwargs):
        state = client._robot.read()
        now = state.time - goal.stamp
        spline = Spline(in_joint_order(goal, ROBOT.joint_names), state.commanded, now)
        times = np.arange(now, min(spline.end, now + 1.0), 0.002)
        accelerations.append([spline.sample(time).accelerations for time in times])
        return send(goal, **kwargs)

    monkeypatch.setattr(client, "stream", stream_and_look)
    stream = SetPointStream(client, checks, 1.0, ROBOT.ready)
    q = ROBOT.ready
    for k in range(150):
        velocity = STILL.copy()
        velocity[0] = 0.8 * min(k / 50, 1.0)
        q = q + velocity * 0.01
        stream.add(0.01, q, velocity)
        if k == 99:
            client.wait(pause)
    largest = np.abs(np.concatenate(accelerations)).max(axis=0)
    assert (largest < FRACTION * ROBOT.limits.acceleration).all()
    stream.finish()
    np.testing.assert_allclose(client.posture().q[1:], ROBOT.ready[1:], atol=0.01)
    braking = 0.8**2 / (2 * 0.3 * ROBOT.limits.acceleration[0])
    assert client.posture().q[0] - q[0] == pytest.approx(braking, abs=0.01)
    assert stream.largest_error < 0.05


def test_times_of_both_clocks_belong_together_beyond_a_pause(client, checks):
    stream = SetPointStream(client, checks, 0.5, ROBOT.ready)
    rotate(stream, ROBOT.ready, 0.3, 1.0)
    client.wait(1.0)
    rotate(stream, ROBOT.ready, 0.0, 1.0)
    times = np.array([0.1, 0.5, 0.9, 1.5, 1.9])
    robot = stream.robot_times(times)
    np.testing.assert_allclose([stream.time_of(time) for time in robot], times, atol=1e-6)
    np.testing.assert_allclose(np.diff(robot)[[0, 1, 3]], np.diff(times)[[0, 1, 3]] / 0.5)
    assert robot[3] - robot[2] > 2.0
