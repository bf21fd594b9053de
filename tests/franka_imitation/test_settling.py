from dataclasses import replace

import numpy as np
import pytest

from franka_imitation.resting import RestingPose, resting_poses
from franka_imitation.robot import Robot
from franka_imitation.scene import build_scene
from franka_imitation.settling import steady
from franka_imitation.shape import ConvexShape
from rhov_core.pose import exp_rotation


@pytest.fixture(scope="module")
def scene(box):
    return build_scene(Robot.load("panda"), box)


def test_a_box_stands_on_all_its_sides(box, scene):
    poses = resting_poses(ConvexShape.of(box))
    assert len(poses) == 6
    assert steady(poses, scene) == poses


def test_a_pose_from_which_it_falls_is_left_out(box, scene):
    poses = resting_poses(ConvexShape.of(box))
    tilted = poses[0].T_table_object.copy()
    tilted[:3, :3] = exp_rotation([0.4, 0, 0]) @ tilted[:3, :3]
    tilted[2, 3] += np.abs(box.extents).max() / 2
    falling = RestingPose(tilted, rise=0.01)
    assert steady([falling, *poses[1:]], scene) == poses[1:]


def test_of_poses_that_all_fall_the_safest_stays(box, scene):
    pose = resting_poses(ConvexShape.of(box))[0]
    high = pose.T_table_object.copy()
    high[2, 3] += 0.1
    assert [p.rise for p in steady([replace(pose, T_table_object=high)], scene)] == [pose.rise]
