"""The task and its expert on a robot behind its servo, in closed loop."""

import numpy as np
import pytest
import torch

from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.on_robot import RobotWorkplace, environment_on_robot
from franka_imitation.safety import JointMotion, SafetyChecks, SafetyConfig
from franka_imitation.scene import build_scene
from rhov_core.errors import InputError

PAPER = TaskConfig(observation="paper")


@pytest.fixture
def robot(workshop):
    robot = SimulatedRobot(build_scene(workshop.robot, workshop.object_model))
    robot.connect()
    assert robot.place_object(workshop.plan.T_table_object_start) is None
    return robot


def see(robot):
    return lambda: (robot.time, robot.T_base_object)


@pytest.mark.slow
def test_the_expert_does_the_task_through_the_servo(workshop, robot):
    environment = environment_on_robot(workshop, PAPER, robot, see(robot))
    for _ in range(900):
        step = environment.step(environment.expert())
        if step.done.any():
            break
    assert step.ended.success.all()
    assert step.ended.position_error[0] < 0.015
    assert step.ended.rotation_error[0] < 0.1
    assert robot.read().fault is None


def test_an_action_is_a_velocity_for_a_control_period(workshop, robot):
    workplace = RobotWorkplace(robot, see(robot))
    q = workplace.state().q
    target = q.clone()
    for k in range(30):
        target = workplace.state().q
        target[:, 3] += 0.02  # 0.2 rad/s
        workplace.step(target, torch.tensor([0.04]).double(), torch.tensor([20.0]).double())
        assert robot.read().time == pytest.approx((k + 1) / 60, abs=robot.period)
    state = workplace.state()
    assert state.velocity[0, 3] == pytest.approx(0.2, abs=0.02)
    assert (state.q - q)[0, [0, 1, 2, 4, 5, 6]].abs().max() < 0.01
    assert state.width[0] == pytest.approx(0.04, abs=0.003)
    workplace.reset(torch.arange(1), None)
    for _ in range(100):
        robot.advance()
    assert np.abs(robot.read().measured.velocities).max() < 0.01


def test_an_arm_elsewhere_is_refused_before_it_moves(workshop, robot):
    workplace = RobotWorkplace(robot, see(robot))
    for _ in range(20):
        target = workplace.state().q
        target[:, 1] += 0.05
        workplace.step(target, torch.tensor([0.08]).double(), torch.tensor([20.0]).double())
    with pytest.raises(InputError, match="joint2"):
        environment_on_robot(workshop, PAPER, robot, see(robot))


def test_a_stopped_robot_ends_the_episode_and_says_why(workshop, robot):
    environment = environment_on_robot(workshop, PAPER, robot, see(robot))
    environment.step(torch.zeros(1, 8))
    robot.stop("somebody pressed the button")
    with pytest.raises(InputError, match="the button"):
        environment.step(torch.zeros(1, 8))


@pytest.mark.parametrize("off", [-0.9, 0.3])
def test_an_object_that_is_not_seen_now_ends_the_episode(workshop, robot, off):
    offset = [0.0]
    environment = environment_on_robot(workshop, PAPER, robot, lambda: (robot.time + offset[0], robot.T_base_object))
    environment.step(torch.zeros(1, 8))
    offset[0] = off
    with pytest.raises(InputError, match="seen last"):
        environment.step(torch.zeros(1, 8))
    assert_comes_to_rest(robot)


@pytest.mark.parametrize("way", [(0.05, -0.03), (0.08, -0.03)])
def test_the_arm_stops_before_the_table_and_itself_whatever_the_policy_asks_for(workshop, robot, way):
    """It goes slower and slower, or the episode ends; the servo's lag takes 2 mm of the clearance."""
    workplace = RobotWorkplace(robot, see(robot))
    checks = SafetyChecks(workshop.robot, SafetyConfig(table_clearance=0.0, self_clearance=0.003))
    begin = robot.read().measured.positions
    try:
        for _ in range(240):
            target = workplace.state().q
            target[:, 1] += way[0]
            target[:, 3] += way[1]
            workplace.step(target, torch.tensor([0.08]).double(), torch.tensor([20.0]).double())
    except InputError as error:
        assert "where it must not be" in str(error)
    assert_comes_to_rest(robot)
    q = robot.read().measured.positions
    assert np.abs(q - begin).max() > 0.3
    assert not checks.refusals(JointMotion(workshop.robot.joint_names, np.zeros(1), q[None], np.zeros((1, 7))))


def assert_comes_to_rest(robot):
    for _ in range(100):
        robot.advance()
    assert np.abs(robot.read().measured.velocities).max() < 0.01
