import numpy as np
import pytest

from franka_imitation.closed_loop.recovery import Recovery
from franka_imitation.config import ImitationConfig
from franka_imitation.demonstration import prepare
from franka_imitation.motion_plan import PHASES
from franka_imitation.planner import Planner
from franka_imitation.resting import resting_poses
from franka_imitation.robot import Robot
from franka_imitation.settling import steady
from rhov_core.errors import PlanningError
from rhov_core.pose import make_transform, transform_points

ROBOT = Robot.load("panda")
CONFIG = ImitationConfig(up_in_camera=(0.0, -1.0, 0.0), candidates=1)


@pytest.fixture(scope="module")
def recovery(box, carried_box, carried_box_result):
    shown = prepare(carried_box, CONFIG.cutoff, CONFIG.max_gap)
    return Recovery(Planner(box, ROBOT, CONFIG), shown, carried_box_result.plan.T_table_camera, CONFIG)


def test_a_new_plan_starts_where_the_object_lies_and_follows_the_rest(recovery, carried_box_result):
    before = carried_box_result.plan
    place = before.T_table_object_start.copy()
    place[1, 3] += 0.05
    plan = recovery.plan(place, 25)
    assert plan.T_table_object_start == pytest.approx(place)
    assert np.array_equal(plan.frame_index, before.frame_index[25:])
    assert plan.T_table_object == pytest.approx(before.T_table_object[25:])
    assert plan.q[0] == pytest.approx(ROBOT.ready)


def test_a_few_frames_are_always_left(recovery):
    count = len(recovery.demonstration.time)
    assert recovery.first(count) == count - 4
    assert recovery.first(7) == 7


def test_an_object_is_turned_over_to_where_it_can_be_taken_up_again(recovery):
    standing = steady(resting_poses(recovery.planner.shape), recovery.planner.scene)
    lies = standing[0].T_table_object.copy()
    lies[:2, 3] += [0.5, 0.1]
    plan = recovery.turning(lies, 0)
    assert plan.T_table_object_start == pytest.approx(lies)
    end = plan.T_table_object[-1]
    corners = recovery.planner.shape.corners @ end[:3, :3].T + end[:3, 3]
    assert 0.004 < corners[:, 2].min() < 0.01  # just above the table
    assert any(end[2, :3] @ pose.up_in_object > 0.999 for pose in standing)


def test_the_hand_retreats_upwards_and_ends_at_the_start_posture(recovery, carried_box_result):
    plan = carried_box_result.plan
    grasping = plan.q[np.flatnonzero(plan.phase == PHASES.index("close"))[0]]
    motion = recovery.retreat(grasping, plan.T_table_object_start, 0.08)
    tools = recovery.planner.kinematics.forward(motion.q)
    assert motion.q[0] == pytest.approx(grasping) and motion.q[-1] == pytest.approx(ROBOT.ready)
    assert motion.velocity[[0, -1]] == pytest.approx(np.zeros((2, 7)), abs=1e-9)
    assert tools[:, 2, 3].min() > tools[0, 2, 3] - 0.02
    assert np.abs(np.diff(motion.q, axis=0)).max() < 0.05


@pytest.mark.parametrize("held", [True, False])
def test_an_object_on_the_hand_is_brought_down_with_the_hand_above_it(recovery, carried_box_result, held):
    plan, kinematics = carried_box_result.plan, recovery.planner.kinematics
    q = plan.q[-1]
    tool = kinematics.forward(q[None])[0]
    carried = tool @ np.linalg.inv(plan.T_object_tcp)
    assert recovery.is_aloft(carried) and not recovery.is_aloft(plan.T_table_object_start)
    motion = recovery.bringing_down(q, carried, 0.04, held=held)
    assert motion.q[0] == pytest.approx(q)
    assert motion.velocity[[0, -1]] == pytest.approx(np.zeros((2, 7)), abs=1e-9)
    end = kinematics.forward(motion.q[-1:])[0]
    assert end[2, 2] == pytest.approx(-1.0, abs=1e-3)
    corners = transform_points(end @ np.linalg.inv(tool) @ carried, recovery.planner.shape.corners)
    assert 0.0 < corners[:, 2].min() < (0.04 if held else 0.15)
    assert end[2, 3] > (0.015 if held else 0.14)


def test_an_object_out_of_reach_is_refused(recovery, carried_box_result):
    far = carried_box_result.plan.T_table_object_start.copy()
    far[:2, 3] = [1.5, 0.0]
    with pytest.raises(PlanningError, match="reach"):
        recovery.plan(far, 10)
    with pytest.raises(PlanningError):
        recovery.turning(far, 10)


def test_a_way_for_the_empty_hand_avoids_the_object(recovery):
    under = make_transform(np.eye(3), [0.3, 0.0, 0.5])
    with pytest.raises(PlanningError, match="get away"):
        recovery.planner.free_way(ROBOT.ready, ROBOT.ready + 0.3, 0.08, under)
