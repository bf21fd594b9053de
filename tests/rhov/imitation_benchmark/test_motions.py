import numpy as np
import pytest

from rhov.imitation_benchmark.motions import MOTIONS, RATE, UP_IN_CAMERA, demonstration
from rhov_core.pose import difference, rotation_angle, transform_points
from rhov_core.synth.objects import synth_object

CARTON = synth_object("carton")


def heights(trajectory):
    """(F, V) of the vertices over the table [m], as far as the vertical is the camera's."""
    points = np.array([transform_points(T, CARTON.load().vertices) for T in trajectory.T_camera_object])
    height = points @ np.array(UP_IN_CAMERA)
    return height - height[0].min()


@pytest.mark.parametrize("name", MOTIONS)
def test_each_motion_starts_standing_stays_above_the_table_and_rests_at_both_ends(name):
    trajectory = demonstration(CARTON, MOTIONS[name])
    T, height = trajectory.T_camera_object, heights(trajectory)
    assert height.min() > -1e-6
    assert (height[0] < 0.004).mean() > 0.1  # a whole side is on the table
    assert height[len(height) // 2].min() > 0.02
    assert T[0] == pytest.approx(T[3]) and T[-1] == pytest.approx(T[-4])


@pytest.mark.parametrize("name", MOTIONS)
def test_the_speed_is_that_of_a_hand(name):
    T = demonstration(CARTON, MOTIONS[name]).T_camera_object
    steps = difference(T[1:], T[:-1]) * RATE
    assert 0.2 < np.linalg.norm(steps[:, :3], axis=1).max() < 0.8
    assert np.linalg.norm(steps[:, 3:], axis=1).max() < 4.2


def test_hard_motions_are_far_or_turned_far():
    for kind in MOTIONS.values():
        T = demonstration(CARTON, kind).T_camera_object
        far = np.linalg.norm(T[:, :3, 3] - T[0, :3, 3], axis=1).max()
        turned = rotation_angle(T[:, :3, :3] @ T[0, :3, :3].T).max()
        assert (far > 0.29 or turned > 1.0) == kind.hard
        assert turned < np.pi / 2 + 1e-6
    assert sum(kind.hard for kind in MOTIONS.values()) == len(MOTIONS) / 2 == 5


def test_a_placed_object_stands_on_the_table_again():
    for name in ("place near", "place far"):
        assert heights(demonstration(CARTON, MOTIONS[name]))[-1].min() == pytest.approx(0, abs=1e-6)


def test_motions_are_those_of_the_seed():
    first, again, other = (demonstration(CARTON, MOTIONS["pour"], seed) for seed in (0, 0, 1))
    assert np.array_equal(first.T_camera_object, again.T_camera_object)
    assert len(other) != len(first) or not np.allclose(other.T_camera_object, first.T_camera_object)
