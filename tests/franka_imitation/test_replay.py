"""A plan is replayed on the simulated robot through the controllers, and everything that can go wrong is told."""

import dataclasses

import numpy as np
import pytest

from franka_imitation.hardware.simulated import SimulatedRobot
from franka_imitation.replay import LocalClient, ReplayConfig, Replayer, ReplayError, judged, replay_in_simulation
from franka_imitation.replay.client import Followed
from franka_imitation.result import ImitationResult
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks, SafetyConfig
from franka_imitation.scene import build_scene
from rhov_core.errors import InputError
from rhov_core.files import read_json
from rhov_core.video import VideoReader

ROBOT = Robot.load("panda")


@pytest.fixture(scope="module")
def result(carried_box_result):
    return carried_box_result


@pytest.fixture(scope="module")
def checks():
    return SafetyChecks(ROBOT)


@pytest.fixture
def client(box):
    return LocalClient(SimulatedRobot(build_scene(ROBOT, box)))


def replay(client, checks, result, speed=1.0, **kwargs):
    replayed = Replayer(client, ROBOT, checks, ReplayConfig(speed=speed, feedback=False)).run(result.plan, **kwargs)
    return judged(result, replayed, client.recording, checks)


def test_the_object_moves_as_in_the_plan(client, checks, result, tmp_path):
    stages = []
    outcome = replay(client, checks, result, progress=lambda stage, part, message: stages.append((stage, part)))
    fraction, position, rotation = outcome.figures()
    assert outcome.success and fraction >= 0.95 and position < 0.01 and rotation < 0.1
    assert position == pytest.approx(result.report["position_error_m"], abs=5e-4)
    planned = result.rollout.T_table_object[:, :3, 3]
    done = client.recording.rollout(outcome.replayed.times.robot_times(result.plan.time)).T_table_object[:, :3, 3]
    assert np.linalg.norm(planned - done, axis=1)[result.plan.phase >= 4].max() < 2e-3
    assert outcome.replayed.largest_error < 5e-3
    assert outcome.replayed.grasp_width == pytest.approx(result.plan.grasp_width, abs=2e-3)
    names = [stage for stage, _ in stages]
    assert list(dict.fromkeys(names)) == ["checking", "approaching", "grasping", "following", "done"]
    parts = np.array([part for stage, part in stages if stage in ("grasping", "following", "done")])
    assert (np.diff(parts) >= 0).all() and parts[-1] == 1.0
    report = read_json(outcome.save(tmp_path) / "report.json")
    assert report["success"] and report["fraction_matched"] == fraction and report["refusals"] == []
    assert len(report["step_position_error_m"]) == len(result.plan.frame_index)


def test_it_is_deterministic(checks, result, box):
    runs = [LocalClient(SimulatedRobot(build_scene(ROBOT, box))) for _ in range(2)]
    errors = [replay(client, checks, result).score.position_errors for client in runs]
    np.testing.assert_array_equal(*errors)


def test_again_from_where_it_ended_and_slower(client, checks, result):
    """The fingers open, the arm goes back to the start, the object is put back."""
    assert replay(client, checks, result).success
    outcome = replay(client, checks, result, speed=0.8)
    assert outcome.success and outcome.figures()[1] < 0.01
    assert outcome.replayed.goals == 5  # open, to the start, to the object, close, follow


def test_a_dry_run_moves_nothing(client, checks, result, tmp_path):
    before = client.posture()
    outcome = replay(client, checks, result, dry_run=True)
    assert outcome.success and outcome.figures() == (-1.0, -1.0, -1.0)
    np.testing.assert_array_equal(client.posture().q, before.q)
    assert client.posture().time == before.time
    assert not (outcome.save(tmp_path) / "rollout.npz").exists()


def test_a_motion_that_breaks_a_rule_is_refused_as_a_whole(client, result, tmp_path):
    strict = SafetyChecks(ROBOT, SafetyConfig(limit_fraction=0.2))
    before = client.posture()
    outcome = replay(client, strict, result)
    assert not outcome.success and outcome.replayed.refusals
    assert outcome.sentence().startswith("Nothing was moved: panda_joint")
    assert client.posture().time == before.time
    report = read_json(outcome.save(tmp_path) / "report.json")
    assert report["refusals"][0]["joint"].startswith("panda_joint") and report["refusals"][0]["margin"] < 0
    assert replay(client, strict, result, speed=0.1, dry_run=True).success  # slowly it may


def test_a_plan_for_another_robot_is_refused(client, checks, result):
    names = Robot.load("fr3").joint_names
    plan = dataclasses.replace(result.plan, robot="fr3", joint_names=names)
    with pytest.raises(InputError, match="fr3"):
        replay(client, checks, dataclasses.replace(result, plan=plan))


def test_cancelling_brings_the_arm_to_rest(client, checks, result):
    calls = []

    def cancelled():
        calls.append(client.posture().time)
        return calls[-1] > 1.5

    with pytest.raises(ReplayError, match="Cancelled"):
        replay(client, checks, result, cancelled=cancelled)
    client.wait(1.0)
    before = client.posture().q
    client.wait(0.5)
    np.testing.assert_allclose(client.posture().q, before, atol=1e-4)
    assert client.posture().time < 3.5


def test_an_emergency_stop_ends_the_replay(client, checks, result):
    def progress(stage, part, message):
        if stage == "following":
            client.loop.emergency_stop("Emergency stop was called.")

    with pytest.raises(ReplayError, match="Emergency stop"):
        replay(client, checks, result, progress=progress)
    with pytest.raises(ReplayError, match="recover"):
        replay(client, checks, result)


def test_an_object_that_slips_away_is_no_success(client, checks, result):
    def progress(stage, part, message):
        if stage == "following" and part > 0.8:
            client._robot.move_gripper(0.08, 0.1, 40.0)  # the fingers open on the way

    outcome = replay(client, checks, result, progress=progress)
    assert not outcome.success and outcome.score.dropped
    assert outcome.figures()[0] < 0.95 and "dropped" in outcome.sentence()


def test_a_missed_grasp_ends_the_replay(client, checks, result):
    """The object is taken away before the fingers close."""
    grip = client.grip

    def too_late(width, force, cancelled):
        if width < result.plan.grasp_width:
            aside = result.plan.T_table_object_start.copy()
            aside[1, 3] += 0.3 if aside[1, 3] < 0 else -0.3
            assert client.place_object(aside) is None
        return grip(width, force, cancelled)

    client.grip = too_late
    with pytest.raises(ReplayError, match="missed or slipped"):
        replay(client, checks, result)


def test_a_gripper_that_calls_a_good_grasp_a_failure_is_judged_by_its_width(client, checks, result):
    """franka_ros2 aborts a grasp whose width is not the commanded one, and holds the object."""
    grip = client.grip
    client.grip = lambda *goal: grip(*goal)._replace(success=goal[0] >= result.plan.grasp_width)
    assert replay(client, checks, result).success


@pytest.mark.parametrize(("given", "simulated", "used"), [(0.0, True, 1.0), (0.0, False, 0.2), (0.7, False, 0.7)])
def test_a_real_robot_is_slow_unless_a_person_says_otherwise(client, checks, result, given, simulated, used):
    class Real(LocalClient):
        simulated = False

    client.__class__ = LocalClient if simulated else Real
    replayed = Replayer(client, ROBOT, checks, ReplayConfig(speed=given)).run(result.plan, dry_run=True)
    assert replayed.speed == used


def test_an_object_that_cannot_be_placed_ends_the_replay(client, checks, result):
    start = result.plan.T_table_object_start.copy()
    start[:3, 3] = 0.0, 0.0, 0.2  # inside the robot
    plan = dataclasses.replace(result.plan, T_table_object_start=start)
    with pytest.raises(ReplayError, match="inside link"):
        replay(client, checks, dataclasses.replace(result, plan=plan))


def test_a_robot_that_is_elsewhere_than_it_should_be_gets_no_goal(client, checks, result):
    """For instance pushed by hand while the fingers close."""
    grip = client.grip

    def pushed(width, force, cancelled):
        gripped = grip(width, force, cancelled)
        if width < result.plan.gripper_width[0]:
            client._robot._simulator.data.qpos[3] += 0.05
        return gripped

    client.grip = pushed
    with pytest.raises(ReplayError, match="panda_joint4 at the start"):
        replay(client, checks, result)


def test_a_failed_goal_is_told(client, checks, result):
    client.follow = lambda goal, progress, cancelled: Followed(False, "the goal was rejected", np.nan, 0.0)
    with pytest.raises(ReplayError, match="the goal was rejected"):
        replay(client, checks, result)


def test_a_result_is_read_back_and_replayed(box, result, tmp_path):
    result.save(tmp_path)
    outcome = replay_in_simulation(ImitationResult.load(tmp_path), box)
    assert outcome.success
    folder = outcome.save(tmp_path, box)
    info = VideoReader(folder / "rollout.mp4").info
    assert info.width > 0 and info.frames_announced > 30
    assert read_json(folder / "report.json")["video"]
