"""The loop that ties controllers and robot together, also between threads."""

import threading
import time

import numpy as np
import pytest

from franka_imitation.controller.goal import GoalPoint, TrajectoryGoal
from franka_imitation.controller.gripper_controller import GripperConfig
from franka_imitation.controller.joint_trajectory_controller import INVALID_GOAL, SUCCESSFUL, ControllerConfig
from franka_imitation.controller.loop import ControlLoop, _FairLock, run
from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene

ROBOT = Robot.load("panda")


@pytest.fixture(scope="module")
def scene(box):
    return build_scene(ROBOT, box)


@pytest.fixture
def loop(scene):
    robot = SimulatedRobot(scene)
    robot.connect()
    return ControlLoop(robot, ControllerConfig(), GripperConfig(), client_timeout=0.05)


def goal(angle=0.2, duration=1.0):
    end = ROBOT.ready + angle * np.eye(7)[0]
    return TrajectoryGoal(ROBOT.joint_names, (GoalPoint(duration, end, np.zeros(7)),))


def cycles(loop, seconds):
    """All outcomes of some time of the robot."""
    found = [loop.cycle() for _ in range(round(seconds / loop.backend.period))]
    return [o for c in found for o in c.outcomes], [o for c in found for o in c.gripper_outcomes]


def test_both_controllers_at_once(loop):
    assert loop.refusal(goal()) is None and loop.gripper_refusal() is None
    arm, warning = loop.follow(goal())
    fingers = loop.grip(0.02, 20.0)
    assert warning is None and loop.busy
    outcomes, gripped = cycles(loop, 1.5)
    assert [(o.goal_id, o.code) for o in outcomes] == [(arm, SUCCESSFUL)]
    assert [(o.goal_id, o.reached) for o in gripped] == [(fingers, True)]
    assert not loop.busy


def test_an_emergency_stop_ends_both_and_refuses_more(loop):
    loop.follow(goal())
    loop.grip(0.0, 20.0)
    cycles(loop, 0.4)
    loop.emergency_stop("Emergency stop was called.")
    outcomes, gripped = cycles(loop, 0.5)
    assert outcomes[0].code == INVALID_GOAL and not gripped[0].success
    assert "recover" in loop.refusal(goal()) and "recover" in loop.gripper_refusal()
    assert loop.recover() is None
    assert loop.refusal(goal()) is None


def test_recovery_is_refused_while_the_arm_moves(loop):
    loop.follow(goal(0.5))
    cycles(loop, 0.5)
    loop.emergency_stop("Emergency stop was called.")
    loop.cycle()
    assert "coming to rest" in loop.recover()


def test_a_fault_of_the_robot_ends_the_goals(loop):
    loop.follow(goal())
    cycles(loop, 0.3)
    loop.backend.stop("A reflex.")
    outcomes, _ = cycles(loop, 0.1)
    assert (outcomes[0].code, outcomes[0].message) == (INVALID_GOAL, "A reflex.")


def test_a_client_whose_heart_stops_loses_its_goal(loop):
    loop.follow(goal(0.3, 3.0))
    loop.heartbeat()
    time.sleep(0.08)
    outcomes, _ = cycles(loop, 0.1)
    assert outcomes[0].code == INVALID_GOAL and "silent" in outcomes[0].message
    moving = loop.backend.read().measured.positions[0]
    cycles(loop, 1.0)
    assert loop.backend.read().measured.positions[0] - moving < 0.1
    loop.follow(goal(0.3, 3.0))  # a client without a heart keeps its goal
    time.sleep(0.08)
    assert cycles(loop, 0.1)[0] == []


def test_whoever_waits_for_the_lock_is_next():
    lock, stop, held = _FairLock(), threading.Event(), []

    def hold_again_and_again():
        while not stop.is_set():
            with lock:
                held.append(time.perf_counter())
                while time.perf_counter() < held[-1] + 0.001:
                    pass

    thread = threading.Thread(target=hold_again_and_again, daemon=True)
    thread.start()
    try:
        for _ in range(20):
            time.sleep(0.002)
            before = len(held)
            with lock:
                assert len(held) - before <= 2
                with lock:  # re-entrant
                    pass
    finally:
        stop.set()
        thread.join(5)


def test_a_stop_gets_through_to_a_loop_that_never_pauses(loop):
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(loop, stop, 0.0, lambda cycle: None), daemon=True)
    thread.start()
    try:
        loop.follow(goal(0.3, 60.0))
        time.sleep(0.05)
        loop.emergency_stop("Emergency stop was called.")
        assert loop.backend.read().fault
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_time_runs_at_its_scale(loop, scale):
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(loop, stop, scale, lambda cycle: None), daemon=True)
    started = time.monotonic()
    thread.start()
    time.sleep(0.6)
    stop.set()
    thread.join(5)
    elapsed = time.monotonic() - started
    assert 0.3 * scale < loop.backend.read().time < scale * elapsed + 0.1
