"""The closed loop through the controllers of a simulated robot: what open loop would miss is carried nevertheless."""

import dataclasses

import numpy as np
import pytest

from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay import LocalClient, ReplayConfig, Replayer, ReplayError, judged
from franka_imitation.replay.watching import recovery_for, wanted_poses, with_corrections
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks, SafetyConfig
from franka_imitation.scene import build_scene
from rhov_core.pose import difference

ROBOT = Robot.load("panda")


@pytest.fixture(scope="module")
def checks():
    return SafetyChecks(ROBOT)


@pytest.fixture
def client(box):
    return LocalClient(SimulatedRobot(build_scene(ROBOT, box)))


def put(client, result, x=0.0, y=0.0):
    start = result.plan.T_table_object_start.copy()
    start[:2, 3] += [x, y]
    assert client.place_object(start) is None


def replay(client, checks, result, recovery=None, speed=0.0, **kwargs):
    config = ReplayConfig(place_object=False, speed=speed)
    replayed = Replayer(client, ROBOT, checks, config, recovery=recovery).run(result.plan, **kwargs)
    return judged(result, replayed, client.recording, checks)


def test_an_object_that_stands_elsewhere_is_carried_where_it_should_be(client, checks, carried_box_result):
    put(client, carried_box_result, -0.01, 0.02)
    stages = []
    outcome = replay(client, checks, carried_box_result, progress=lambda stage, *_: stages.append(stage))
    fraction, position, rotation = outcome.figures()
    assert outcome.success and fraction == 1.0 and position < 0.002 and rotation < 0.01
    assert outcome.replayed.largest_error < 0.01
    assert outcome.replayed.grasp_width == pytest.approx(carried_box_result.plan.grasp_width, abs=2e-3)
    assert list(dict.fromkeys(stages)) == ["checking", "approaching", "grasping", "following", "done"]
    told = outcome.report()["feedback"]
    assert told["retries"] == 0 and told["gave_up"] == ""
    plan = carried_box_result.plan
    robot_times = outcome.replayed.times.robot_times(plan.frame_due)
    seen = client.recording.rollout(robot_times).T_table_object
    assert np.linalg.norm(difference(seen, plan.T_table_object)[:, :3], axis=1).max() < 0.01


def test_slower_than_planned_it_is_carried_as_well(client, checks, carried_box_result):
    """The object stands elsewhere, so the feedback works; what was seen and what was sent are paired at any speed."""
    put(client, carried_box_result, -0.01, 0.02)
    begin = client.posture().time
    outcome = replay(client, checks, carried_box_result, speed=0.4)
    fraction, position, rotation = outcome.figures()
    assert outcome.success and fraction == 1.0 and position < 0.002 and rotation < 0.01
    assert client.posture().time - begin > carried_box_result.plan.time[-1] / 0.4
    due = outcome.replayed.times.robot_times(carried_box_result.plan.frame_due)
    np.testing.assert_allclose(np.diff(due), np.diff(carried_box_result.plan.frame_due) / 0.4, atol=0.05)


@pytest.mark.parametrize(("asked", "speed", "allowed"), [(0.5, 1.0, 0.8), (0.1, 0.2, 0.16), (0.9, 1.0, 1.0)])
def test_a_correction_may_use_a_part_of_the_limits_that_goes_with_the_speed(asked, speed, allowed):
    config = with_corrections(SafetyConfig(limit_fraction=asked), speed)
    assert config.limit_fraction == pytest.approx(allowed)


def test_an_object_that_slipped_away_is_taken_up_again(client, checks, carried_box_result, box):
    opened, parts = [], []

    def progress(stage, part, message):
        parts.append(part)
        if stage == "following" and not opened:
            opened.append(part)
            client._robot.move_gripper(0.08, 0.1, 40.0)

    put(client, carried_box_result)
    recovery = recovery_for(carried_box_result, box, ROBOT)
    outcome = replay(client, checks, carried_box_result, recovery, progress=progress)
    assert opened and outcome.report()["feedback"]["retries"] == 1
    assert outcome.report()["feedback"]["gave_up"] == "" and outcome.figures()[0] >= 0.9
    again = parts.index(min(parts[parts.index(opened[0]) :]), parts.index(opened[0]))
    assert parts[again] < opened[0] and max(parts[:-1][:again]) < 0.9  # back to where it is taken up
    assert np.diff(parts[again:]).min() >= 0 and parts[-1] == 1.0


def test_without_a_mesh_a_lost_object_ends_the_motion(client, checks, carried_box_result):
    def progress(stage, part, message):
        if stage == "following":
            client._robot.move_gripper(0.08, 0.1, 40.0)

    put(client, carried_box_result)
    outcome = replay(client, checks, carried_box_result, progress=progress)
    assert not outcome.success and "lost" in outcome.sentence()


def test_an_object_far_from_its_place_is_not_approached(client, checks, carried_box_result):
    put(client, carried_box_result, 0.08, 0.0)
    with pytest.raises(ReplayError, match="nothing was moved"):
        replay(client, checks, carried_box_result)


def test_every_corrected_piece_is_checked_before_it_is_sent(client, carried_box_result):
    """The plan keeps inside the box, where it goes for an object 3 cm aside does not."""
    reached = carried_box_result.plan.T_table_object_start[:2, 3]
    y = float(reached[1])
    low, high = [0.05, -0.75, 0.003], [0.9, 0.75, 1.1]
    tools = SafetyChecks(ROBOT).geometry.tools(carried_box_result.plan.q)[:, :3, 3]
    side = 1 if tools[:, 1].max() - y < y - tools[:, 1].min() else -1
    (high if side > 0 else low)[1] = float((tools[:, 1].max() if side > 0 else tools[:, 1].min()) + side * 0.005)
    checks = SafetyChecks(ROBOT, SafetyConfig(workspace_low=tuple(low), workspace_high=tuple(high)))
    put(client, carried_box_result, 0.0, side * 0.045)
    with pytest.raises(ReplayError, match="outside the workspace"):
        replay(client, checks, carried_box_result)
    client.wait(1.0)
    before = client.posture().q
    client.wait(0.5)
    np.testing.assert_allclose(client.posture().q, before, atol=1e-4)


@pytest.mark.parametrize("stage_of_stop", ["approaching", "following"])
def test_an_emergency_stop_ends_the_replay(client, checks, carried_box_result, stage_of_stop):
    def progress(stage, part, message):
        if stage == stage_of_stop and part > 0.05:
            client.loop.emergency_stop("Emergency stop was called.")

    put(client, carried_box_result)
    with pytest.raises(ReplayError, match="Emergency stop"):
        replay(client, checks, carried_box_result, progress=progress)


def test_a_stop_that_is_not_answered_is_noticed(client, checks, carried_box_result):
    """Goals on a topic get no answer: that the arm is not where it was sent says enough."""
    stream = client.stream

    def silent(goal, **kwargs):
        stream(goal, **kwargs)

    def progress(stage, part, message):
        if part > 0.05:
            client.loop.emergency_stop("Emergency stop was called.")

    client.stream = silent
    put(client, carried_box_result)
    with pytest.raises(ReplayError, match="from where it was sent"):
        replay(client, checks, carried_box_result, progress=progress)


def test_an_object_that_is_no_longer_seen_ends_the_motion_and_stays_held(client, checks, carried_box_result):
    def progress(stage, part, message):
        if stage == "following":
            client.recording.add_object = lambda time, T: None

    put(client, carried_box_result)
    with pytest.raises(ReplayError, match="has not been seen"):
        replay(client, checks, carried_box_result, progress=progress)
    client.wait(1.0)
    assert client._robot.T_base_object[2, 3] > carried_box_result.plan.T_table_object_start[2, 3] + 0.03
    before = client.posture().q
    client.wait(0.5)
    np.testing.assert_allclose(client.posture().q, before, atol=1e-4)


def test_cancelling_brings_the_arm_to_rest(client, checks, carried_box_result):
    put(client, carried_box_result)
    begin = client.posture().time
    with pytest.raises(ReplayError, match="Cancelled"):
        replay(client, checks, carried_box_result, cancelled=lambda: client.posture().time > begin + 1.5)
    client.wait(1.0)
    before = client.posture().q
    client.wait(0.5)
    np.testing.assert_allclose(client.posture().q, before, atol=1e-4)


def test_wanted_poses_are_those_of_the_plan_without_jitter(carried_box_result):
    plan = carried_box_result.plan
    noise = np.random.default_rng(0).normal(0, 0.002, (len(plan.frame_due), 3))
    noisy = plan.T_table_object.copy()
    noisy[:, :3, 3] += noise
    calm = wanted_poses(dataclasses.replace(plan, T_table_object=noisy), 4.0)
    off = np.linalg.norm(difference(calm, plan.T_table_object)[:, :3], axis=1)
    assert off.mean() < 0.7 * np.linalg.norm(noise, axis=1).mean()
    assert np.abs(difference(wanted_poses(plan, 4.0), plan.T_table_object)).max() < 5e-3
