"""A plan becomes goals, and times of the plan become times of the robot's clock."""

import dataclasses

import numpy as np
import pytest

from franka_imitation.motion_plan import PHASES, MotionPlan
from franka_imitation.replay.approach import soft_start
from franka_imitation.replay.recording import Recording
from franka_imitation.replay.steps import Grip, Move, TimeMap, steps_of, trajectory_goal
from franka_imitation.robot import Robot
from franka_imitation.safety import SafetyChecks
from rhov_core.errors import InputError
from rhov_core.pose import exp_rotation, make_transform

ROBOT = Robot.load("panda")
PERIOD = 0.01


def minimum_jerk(start, way, seconds):
    s = np.arange(1, round(seconds / PERIOD) + 1)[:, None] / round(seconds / PERIOD)
    return start + way * s**3 * (10 + s * (6 * s - 15)), way * 30 * s**2 * (1 - s) ** 2 / seconds


def make_plan(dwell=0.4):
    """Moves for 1 s, closes the fingers, stands still for a while, moves back for 2 s."""
    way = np.array([0.2, 0.1, 0.0, 0.1, 0.0, 0.0, 0.2])
    first, first_velocity = minimum_jerk(ROBOT.ready, way, 1.0)
    still = np.repeat(first[-1:], round(dwell / PERIOD), axis=0)
    second, second_velocity = minimum_jerk(first[-1], -way, 2.0)
    q = np.concatenate([ROBOT.ready[None], first, still, second])
    velocity = np.concatenate([np.zeros((1, 7)), first_velocity, 0 * still, second_velocity])
    n = len(q)
    phase = np.full(n, PHASES.index("follow"))
    phase[:101], phase[101 : 101 + len(still)] = 0, PHASES.index("close")
    eye = np.eye(4)
    return MotionPlan(
        robot="panda",
        joint_names=ROBOT.joint_names,
        time=np.arange(n) * PERIOD,
        q=q,
        velocity=velocity,
        gripper_width=np.where(np.arange(n) > 100, 0.03, 0.08),
        phase=phase,
        frame_index=np.arange(3),
        frame_due=np.array([1.5, 2.0, 2.5]),
        T_table_object=np.repeat(eye[None], 3, axis=0),
        T_table_camera=eye,
        T_table_object_start=eye,
        T_object_tcp=eye,
        grasp_width=0.05,
        grip_force=20.0,
        slowdown=1.0,
    )


def test_a_plan_is_split_where_the_fingers_move():
    plan = make_plan()
    opening, first, closing, second = steps_of(plan)
    assert opening == Grip(0, 0.08) and closing == Grip(101, 0.03)
    assert isinstance(first, Move) and isinstance(second, Move)
    assert (first.first, first.last) == (0, 101)
    assert plan.time[second.first] == pytest.approx(1.4) and second.last == len(plan.time) - 1
    np.testing.assert_array_equal(second.motion.positions[0], plan.q[100])
    assert second.motion.times[0] == 0.0 and second.motion.times[-1] == pytest.approx(2.0)


def test_every_move_ends_at_rest_and_leaves_out_its_first_point():
    for step in steps_of(make_plan()):
        if isinstance(step, Move):
            goal = trajectory_goal(step.motion)
            assert len(goal.points) == len(step.motion.times) - 1
            assert goal.points[0].time == pytest.approx(PERIOD)
            assert not goal.points[-1].velocities.any()
            np.testing.assert_array_equal(goal.points[-1].positions, step.motion.positions[-1])


def test_fingers_that_move_with_the_arm_are_refused():
    plan = make_plan()
    width = np.where(np.arange(len(plan.time)) > 50, 0.03, 0.08)
    with pytest.raises(InputError, match="while the arm moves"):
        steps_of(dataclasses.replace(plan, gripper_width=width))


def test_a_plan_in_which_the_fingers_never_move_is_one_goal():
    plan = dataclasses.replace(make_plan(dwell=0.1), gripper_width=np.full(312 - 1, 0.08))
    opening, move = steps_of(plan)
    assert isinstance(opening, Grip) and (move.first, move.last) == (0, len(plan.time) - 1)


def test_times_follow_the_speed_and_the_fingers():
    times = TimeMap()
    times.add(0.0, 1.0, 100.0, 0.5)  # takes 2 s
    times.add(1.4, 3.4, 105.0, 0.5)  # the fingers took 3 s instead of 0.4
    given = np.array([-1.0, 0.0, 0.5, 1.0, 1.2, 1.4, 2.4, 3.4, 4.0])
    expected = [99.0, 100.0, 101.0, 102.0, 103.5, 105.0, 107.0, 109.0, 109.6]
    np.testing.assert_allclose(times.robot_times(given), expected, atol=1e-6)


def test_the_soft_start_keeps_within_limits_and_takes_its_time():
    checks = SafetyChecks(ROBOT)
    for way, shortest in ((0.01, 2.0), (0.8, 2.0), (-0.8, 0.2)):
        end = ROBOT.ready + way * np.array([1, 0, 0.2, 0, 1, 0, 1])
        motion = soft_start(ROBOT, ROBOT.ready, end, shortest, checks.config.limit_fraction)
        assert motion.times[-1] >= shortest
        np.testing.assert_allclose(motion.positions[[0, -1]], [ROBOT.ready, end], atol=1e-12)
        assert not motion.velocities[[0, -1]].any()
        assert checks.refusals(motion, ROBOT.ready) == []


def test_a_recording_interpolates_and_knows_its_end(tmp_path):
    recording = Recording()
    assert recording.end == -np.inf and recording.object_at(5.0) is None
    for k in range(5):
        recording.add_robot(k * 0.1, np.full(7, k * 1.0), 0.01 * k)
        recording.add_object(k * 0.1 + 0.02, make_transform(exp_rotation([0, 0, 0.1 * k]), [k * 1.0, 0, 0]))
    recording.add_robot(0.05, np.full(7, 99.0), 9.0)  # late messages are left out
    assert recording.end == pytest.approx(0.4)
    rollout = recording.rollout(np.array([0.25]))
    np.testing.assert_allclose(rollout.q, np.full((1, 7), 2.5))
    np.testing.assert_allclose(rollout.width, 0.025)
    expected = make_transform(exp_rotation([0, 0, 0.23]), [2.3, 0, 0])
    np.testing.assert_allclose(rollout.T_table_object[0], expected, atol=1e-9)
    np.testing.assert_allclose(recording.object_at(0.13)[0, 3], 1.0)
    recording.save(tmp_path / "rollout.npz")
    with np.load(tmp_path / "rollout.npz") as content:
        assert content["q"].shape == (5, 7) and content["T_base_object"].shape == (5, 4, 4)
