from dataclasses import replace

import numpy as np
import pytest

from franka_imitation.placement import Placement, candidate_placements
from franka_imitation.resting import resting_poses
from franka_imitation.shape import ConvexShape
from franka_imitation.vertical import find_up, level, up_of_pitch
from rhov_core.errors import InputError
from rhov_core.pose import exp_rotation, is_transform, make_transform, transform_points

PITCH = 0.5


@pytest.fixture(scope="module")
def shape(box):
    return ConvexShape.of(box)


@pytest.mark.parametrize(
    "up", [up_of_pitch(0.0), up_of_pitch(PITCH), np.array([0.2, -0.7, -0.4]), np.array([0, 0, -1.0])]
)
def test_placements_keep_gravity(carried_box, shape, up):
    places = candidate_placements(carried_box.T_camera_object, shape, up, clearance=0.005)
    assert len(places) > 100
    assert is_transform(places)
    assert places[:, :3, :3] @ (up / np.linalg.norm(up)) == pytest.approx(np.tile([0, 0, 1.0], (len(places), 1)))


def test_placements_keep_the_object_above_the_table(carried_box, shape):
    places = candidate_placements(carried_box.T_camera_object, shape, up_of_pitch(PITCH), clearance=0.005)
    for T in places[::40]:
        corners = transform_points(T @ carried_box.T_camera_object, shape.corners)
        assert corners[..., 2].min() > 0.02


def test_placements_turn_about_the_vertical_and_shift(carried_box, shape):
    places = candidate_placements(carried_box.T_camera_object, shape, up_of_pitch(PITCH), clearance=0.005)
    assert len(np.unique(places[:, :2, 0].round(6), axis=0)) == 24
    assert np.ptp(places[:, 2, 3]) > 0.3


def test_a_level_frame_looks_where_the_camera_looks():
    rotation = level(up_of_pitch(PITCH))
    forward = rotation @ [0, 0, 1]
    assert forward == pytest.approx([np.cos(PITCH), 0, -np.sin(PITCH)])
    assert rotation @ [1, 0, 0] == pytest.approx([0, -1, 0])


def at_rest(trajectory, pitch, roll=0.0, hand=None):
    """The box stands on the table in front of a tilted camera for a second, then moves; a hand at `hand` metres."""
    T_camera_level = np.linalg.inv(make_transform(level(up_of_pitch(pitch)), [0, 0, 0]))
    T_camera_level = make_transform(exp_rotation([0, 0, roll]), [0, 0, 0]) @ T_camera_level
    T = np.tile(T_camera_level @ make_transform(exp_rotation([0, 0, 0.3]), [0.8, 0, -0.2]), (len(trajectory), 1, 1))
    T[30:, :3, 3] += np.linspace(0, 0.1, len(T) - 30)[:, None] * [0, -1, 0]
    joints = np.full((len(T), 21, 3), 0.0)
    valid = np.zeros(len(T), bool)
    if hand is not None:
        joints[:] = (T[:, :3, 3] + T[:, :3, 0] * (0.02 + hand))[:, None]
        valid[:] = True
    return replace(trajectory, T_camera_object=T, hand_joints=joints, hand_valid=valid)


def test_an_object_that_stands_shows_the_vertical(carried_box, shape):
    trajectory = at_rest(carried_box, pitch=0.7, hand=0.2)
    up, source = find_up(trajectory, shape, resting_poses(shape), PITCH)
    assert source == "resting object"
    assert up == pytest.approx(up_of_pitch(0.7), abs=1e-6)


@pytest.mark.parametrize(
    "trajectory",
    [
        lambda t: at_rest(t, pitch=0.7, hand=0.0),
        lambda t: at_rest(t, pitch=0.7, hand=None),
        lambda t: at_rest(t, pitch=0.7, roll=0.4, hand=0.2),
        lambda t: t,
    ],
    ids=["held", "hand never seen", "camera on its side", "moving from the start"],
)
def test_otherwise_the_pitch_is_assumed(carried_box, shape, trajectory):
    up, source = find_up(trajectory(carried_box), shape, resting_poses(shape), PITCH)
    assert source == "assumed camera pitch"
    assert up == pytest.approx(up_of_pitch(PITCH))


def test_a_placement_is_read_back(tmp_path):
    T = make_transform(exp_rotation([0.3, -1.2, 0.4]), [0.4, -0.2, 0.6])
    start = make_transform(exp_rotation([0, 0, 1.0]), [0.5, 0.1, 0.05])
    Placement(T, start, "resting object").save(tmp_path / "placement.yaml")
    read = Placement.load(tmp_path / "placement.yaml")
    assert read.T_table_camera == pytest.approx(T)
    assert read.T_table_object_start == pytest.approx(start)
    assert read.up_source == "resting object"
    assert read.up_in_camera == pytest.approx(T[:3, :3].T @ [0, 0, 1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "table_from_camera: [",
        "table_from_camera: {translation: [0, 0, 1]}",
        "table_from_camera: {translation: [0, 0], rotation: [0, 0, 0, 1]}",
        "table_from_camera: {translation: [0, 0, 1], rotation: [0, 0, 0, 0]}",
        "table_from_camera: {translation: [0, .nan, 1], rotation: [0, 0, 0, 1]}",
    ],
)
def test_a_damaged_placement_is_refused(tmp_path, text):
    (tmp_path / "placement.yaml").write_text(text)
    with pytest.raises(InputError):
        Placement.load(tmp_path / "placement.yaml")


def test_a_missing_placement_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        Placement.load(tmp_path / "none.yaml")
