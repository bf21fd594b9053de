import numpy as np
import pytest
import trimesh

from franka_imitation.resting import resting_poses
from franka_imitation.shape import ConvexShape


def box(*size):
    return ConvexShape([trimesh.creation.box(size).vertices])


def test_a_box_stands_on_its_six_faces_the_largest_first():
    poses = resting_poses(box(0.258, 0.189, 0.075))
    assert len(poses) == 6
    heights = [pose.T_table_object[2, 3] for pose in poses]
    assert heights == pytest.approx([0.0375, 0.0375, 0.0945, 0.0945, 0.129, 0.129])


def test_the_lowest_point_is_on_the_table_and_the_centre_over_the_origin():
    shape = ConvexShape([trimesh.creation.cone(0.04, 0.1).vertices + np.array([0.2, -0.1, 0.3])])
    for pose in resting_poses(shape):
        T = pose.T_table_object
        points = shape.corners @ T[:3, :3].T + T[:3, 3]
        assert points[:, 2].min() == pytest.approx(0, abs=1e-9)
        assert (T[:3, :3] @ shape.centre_of_mass + T[:3, 3])[:2] == pytest.approx([0, 0], abs=1e-9)
        assert T[:3, :3] @ pose.up_in_object == pytest.approx([0, 0, 1])


def test_a_plate_does_not_stand_on_its_edge():
    poses = resting_poses(box(0.2, 0.2, 0.01))
    assert len(poses) == 2
    assert all(abs(pose.up_in_object[2]) > 0.99 for pose in poses)


def test_a_can_stands_upright_and_does_not_rest_where_it_rolls():
    can = ConvexShape([trimesh.creation.cylinder(0.034, 0.1, sections=64).vertices])
    poses = resting_poses(can)
    assert len(poses) == 2
    assert all(abs(pose.up_in_object[2]) > 0.99 for pose in poses)


def test_an_uneven_face_is_one_pose():
    rough = trimesh.creation.box((0.1, 0.08, 0.12)).subdivide().subdivide()
    vertices = rough.vertices + np.random.default_rng(0).normal(0, 2e-4, rough.vertices.shape)
    assert len(resting_poses(ConvexShape([vertices]))) == 6


def test_a_slight_keel_is_one_pose():
    bottom = [[x, y, -0.05 - 0.04 * np.tan(np.deg2rad(1)) * (y == 0)] for x in (-0.05, 0.05) for y in (-0.04, 0, 0.04)]
    top = [[x, y, 0.05] for x in (-0.05, 0.05) for y in (-0.04, 0.04)]
    down = [p for p in resting_poses(ConvexShape([np.array(bottom + top)])) if p.up_in_object[2] > 0.9]
    assert len(down) == 1


def test_a_ball_gets_the_best_that_there_is():
    assert len(resting_poses(ConvexShape([trimesh.creation.icosphere(3, 0.04).vertices]))) == 1
