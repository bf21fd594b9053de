"""A carried box, with and without feedback, in workplaces that are not as planned."""

import numpy as np
import pytest

from franka_imitation.closed_loop import Conditions, Executor, FeedbackConfig, SimulatedWorkplace, disturbed
from franka_imitation.closed_loop.conditions import Disturbances
from franka_imitation.closed_loop.player import Player
from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import prepare
from franka_imitation.kinematics import Kinematics
from franka_imitation.planner import Planner
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene, object_poses
from rhov_core.errors import PlanningError

ROBOT = Robot.load("panda")
CONFIG = ImitationConfig(up_in_camera=(0.0, -1.0, 0.0), candidates=1)
HEAVIER = {"mass_factor": 1.4, "friction_factor": 0.85}


@pytest.fixture(scope="module")
def shown(carried_box):
    return prepare(carried_box, CONFIG.cutoff, CONFIG.max_gap)


@pytest.fixture(scope="module")
def carry(box, carried_box_result, shown):
    """Carries the box and returns what happened and its score."""
    plan = carried_box_result.plan
    wanted = plan.T_table_camera @ shown.smooth
    planner = []

    def recovery():
        planner[:] = planner or [Planner(box, ROBOT, CONFIG)]
        return Recovery(planner[0], shown, plan.T_table_camera, CONFIG)

    def run(feedback, recover=True, aside=0.0, **conditions):
        chosen = Conditions(**conditions)
        scene = build_scene(ROBOT, disturbed(box, chosen))
        workplace = SimulatedWorkplace(scene, chosen, Disturbances.during(plan))
        kinematics = Kinematics(scene, CONFIG.joint_margin)
        executor = Executor(workplace, kinematics, ROBOT, feedback, recovery if recover else None)
        elsewhere = wanted.copy()
        elsewhere[:, 1, 3] += aside
        execution = executor.run(plan, elsewhere)
        return execution, execution.judged(plan.T_table_object, CONFIG)

    return run


def test_without_feedback_it_is_the_rollout_of_the_plan(carry, carried_box_result):
    execution, score = carry(None)
    assert execution.state[-1] == pytest.approx(carried_box_result.rollout.state[-1], abs=2e-3)
    assert score.position_error == pytest.approx(carried_box_result.report["position_error_m"], abs=5e-4)
    assert (np.diff(execution.due) > 0).all()


def test_feedback_corrects_a_start_that_is_off(carry):
    off = {"start_position": 0.01, "start_rotation": 0.087, "noise_position": 0.001, "noise_rotation": 0.005}
    _, blind = carry(None, **off)
    _, seeing = carry(FeedbackConfig(), **off, **HEAVIER)
    assert seeing.fraction_matched == 1.0
    assert seeing.position_error < 0.003 < blind.position_error
    assert seeing.rotation_error < 0.02


def test_feedback_follows_a_slip_in_the_grasp(carry):
    _, blind = carry(None, slip=0.01)
    _, seeing = carry(FeedbackConfig(), slip=0.01)
    assert blind.position_errors[-1] > 0.006
    assert seeing.position_errors[-1] < 0.002


def test_a_pushed_object_is_grasped_where_it_stands(carry):
    execution, score = carry(FeedbackConfig(), push=0.02, seed=1)
    assert score.fraction_matched == 1.0 and execution.retries == 0


def test_a_dropped_object_is_taken_up_again_and_brought_to_where_it_was_lost(carry, box):
    execution, score = carry(FeedbackConfig(), drop=0.35)
    lowest = np.array([(box.vertices @ T[:3, :3].T + T[:3, 3])[:, 2].min() for T in object_poses(execution.state)])
    lifted = np.argmax(lowest > 0.05)
    assert execution.retries >= 1 and execution.gave_up == ""
    assert lowest[lifted:].min() < 0.001  # it lay on the table in between
    assert score.fraction_matched >= 0.9
    assert (execution.due >= 0).all()


def test_a_badly_held_object_is_put_down_before_it_is_let_go(carry, box, carried_box_result):
    """The corrections are too small for where the object is wanted, so it stays off."""
    feedback = FeedbackConfig(max_correction=0.005, patience=0.5, retries=1)
    execution, _ = carry(feedback, aside=0.06)
    assert "lost 2 times" in execution.gave_up
    lowest = np.array([(box.vertices @ T[:3, :3].T + T[:3, 3])[:, 2].min() for T in object_poses(execution.state)])
    opens = np.flatnonzero(np.diff(execution.state[:, 7:9].sum(axis=1)) > 5e-4)
    after = opens[opens > np.argmax(lowest > 0.05)]
    assert len(after) and lowest[after[0]] < 0.04


@pytest.mark.parametrize("why", ["badly held", "dropped"])
def test_the_arm_is_at_rest_before_another_motion_begins(carry, shown, monkeypatch, why):
    sent, begun = [], []
    command, begin = SimulatedWorkplace.command, Player.begin
    monkeypatch.setattr(SimulatedWorkplace, "command", lambda self, *a: (sent.append(a[1]), command(self, *a))[1])
    monkeypatch.setattr(Player, "begin", lambda self: (begun.append(len(sent)), begin(self))[1])
    if why == "dropped":
        carry(FeedbackConfig(retries=1), drop=0.35)
    else:
        # it is waited for until nobody waits any more, and only then farther off
        aside = np.where(np.arange(len(shown.smooth)) < len(shown.smooth) / 2, 0.026, 0.06)
        carry(FeedbackConfig(max_correction=0.005, patience=0.5, retries=1), aside=aside)
    last = np.abs([sent[i - 1] for i in begun if i]).max(axis=1)
    assert len(last) > 2 and (last < 0.02).all()


def test_without_recovery_a_drop_ends_the_motion(carry):
    execution, score = carry(FeedbackConfig(), recover=False, drop=0.35)
    assert "lost" in execution.gave_up
    assert score.dropped and score.fraction_matched < 0.6
    assert (execution.due == -1).any()


def test_noise_of_the_camera_does_not_shake_the_arm(carry):
    execution, score = carry(FeedbackConfig(), noise_position=0.003, noise_rotation=0.02)
    assert score.fraction_matched == 1.0
    assert score.position_error < 0.004
    q = execution.state[:, :7]
    acceleration = np.diff(q, 2, axis=0) * 100**2
    assert np.percentile(np.abs(acceleration), 99) < 4.0


def test_equal_conditions_give_equal_motions(carry):
    some = {"noise_position": 0.002, "noise_rotation": 0.01, "seed": 3, **HEAVIER}
    first, second = carry(FeedbackConfig(), **some)[0], carry(FeedbackConfig(), **some)[0]
    assert np.array_equal(first.state, second.state)


def test_what_cannot_be_taken_up_again_is_said(carry, monkeypatch):
    def refuse(*_):
        raise PlanningError("it lies behind the robot")

    monkeypatch.setattr(Recovery, "plan", refuse)
    monkeypatch.setattr(Recovery, "turning", refuse)
    execution, _ = carry(FeedbackConfig(), drop=0.35)
    assert execution.gave_up == "it lies behind the robot"
