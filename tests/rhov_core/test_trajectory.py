"""The trajectory and its file."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhov_core.errors import InputError
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.trajectory import SCHEMA_VERSION, HandObjectTrajectory, ObjectState


def fields(n=4, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "frame_index": np.cumsum(rng.integers(1, 4, n)),
        "stamp": np.cumsum(rng.uniform(0.01, 0.1, n)),
        "K": np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]),
        "image_size": np.array([640, 480]),
        "object_name": "Müsli box",
        "T_camera_object": make_transform(exp_rotation(rng.normal(size=(n, 3))), rng.normal(size=(n, 3))),
        "object_scale": 1.25,
        "object_covariance": np.tile(np.eye(6), (n, 1, 1)),
        "object_state": rng.integers(0, 3, n),
        "hand_side": "left",
        "hand_pose": rng.normal(size=(n, 48)),
        "hand_shape": rng.normal(size=10),
        "hand_translation": rng.normal(size=(n, 3)),
        "hand_joints": rng.normal(size=(n, 21, 3)),
        "hand_valid": rng.random(n) < 0.5,
        "hand_model": "anny",
    }


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 5), seed=st.integers(0, 1000))
def test_file_round_trip(n, seed, tmp_path_factory):
    file = tmp_path_factory.mktemp("trajectory") / "trajectory.npz"
    trajectory = HandObjectTrajectory(**fields(n, seed))
    trajectory.save(file)
    again = HandObjectTrajectory.load(file)
    for field in dataclasses.fields(trajectory):
        a, b = getattr(trajectory, field.name), getattr(again, field.name)
        np.testing.assert_array_equal(a, b)
        assert type(a) is type(b)
    assert len(again) == n
    assert [p.name for p in file.parent.iterdir()] == ["trajectory.npz"]


def test_file_follows_the_documented_schema(tmp_path):
    HandObjectTrajectory(**fields()).save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as content:
        assert int(content["schema"]) == SCHEMA_VERSION == 1
        assert set(content.files) == {"schema", *fields()}
        assert content["T_camera_object"].shape == (4, 4, 4) and content["object_name"].shape == ()


def change(**changes):
    return fields() | changes


@pytest.mark.parametrize(
    "bad",
    [
        change(frame_index=[0, 1, 1, 2]),
        change(frame_index=[0, 2, 1, 3]),
        change(frame_index=[0, 1, 2]),
        change(frame_index=[0, 1.5, 2, 3]),
        change(stamp=[0, 1, 1, 2]),
        change(stamp=[0, 1, np.nan, 2]),
        change(K=np.eye(4)),
        change(K=np.full((3, 3), np.nan)),
        change(image_size=[640, 480, 3]),
        change(T_camera_object=np.zeros((4, 4, 4))),
        change(T_camera_object=np.tile(np.diag([1, 1, -1, 1]), (4, 1, 1))),
        change(T_camera_object=np.tile(np.eye(4), (3, 1, 1))),
        change(object_scale=0.0),
        change(object_scale=float("nan")),
        change(object_covariance=np.zeros((4, 3, 3))),
        change(object_state=[0, 1, 2, 3]),
        change(object_state=[0, 1, 2, -1]),
        change(hand_side="both"),
        change(hand_pose=np.zeros((4, 45))),
        change(hand_pose=np.full((4, 48), np.inf)),
        change(hand_shape=np.zeros(9)),
        change(hand_joints=np.zeros((4, 20, 3))),
        change(hand_valid=[True, False]),
    ],
)
def test_bad_fields_are_refused(bad):
    with pytest.raises(InputError):
        HandObjectTrajectory(**bad)


def test_lost_frames_are_counted():
    states = [ObjectState.LOST, ObjectState.TRACKED, ObjectState.LOST, ObjectState.REINITIALISED]
    assert HandObjectTrajectory(**change(object_state=states)).frames_lost == 2


def test_an_object_without_a_hand_is_tracked_everywhere():
    given = fields()
    trajectory = HandObjectTrajectory.without_hand(
        "cup", given["stamp"], given["T_camera_object"], given["K"], (640, 480), 2.0 * np.eye(6)
    )
    np.testing.assert_array_equal(trajectory.T_camera_object, given["T_camera_object"])
    np.testing.assert_array_equal(trajectory.object_covariance, np.tile(2.0 * np.eye(6), (4, 1, 1)))
    assert (trajectory.object_state == ObjectState.TRACKED).all() and not trajectory.hand_valid.any()


def test_arrays_cannot_be_changed():
    trajectory = HandObjectTrajectory(**fields())
    with pytest.raises(ValueError, match="read-only"):
        trajectory.T_camera_object[0, 0, 0] = 2.0


def saved(folder, **changes):
    content = {"schema": np.asarray(1)} | {k: np.asarray(v) for k, v in fields().items()} | changes
    np.savez(folder / "t.npz", **{k: v for k, v in content.items() if v is not None})
    return folder / "t.npz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": np.asarray(2)}, "has schema 2"),
        ({"schema": None}, "schema"),
        ({"schema": np.array([1, 1])}, "schema"),
        ({"hand_pose": None, "stamp": None}, "lacks stamp, hand_pose|lacks .*stamp.*hand_pose"),
        ({"object_scale": np.array([1.0, 2.0])}, "object_scale"),
        ({"object_scale": np.asarray("big")}, "object_scale"),
        ({"hand_pose": np.full((4, 48), np.nan)}, "hand_pose is not finite"),
        ({"object_name": np.array([{"a": 1}], dtype=object)}, "cannot be read"),
    ],
)
def test_bad_files_are_refused(changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        HandObjectTrajectory.load(saved(tmp_path, **changes))


def test_other_files_are_refused(tmp_path):
    whole = saved(tmp_path).read_bytes()
    for name, content in (("cut.npz", whole[:200]), ("empty.npz", b""), ("text.npz", b"hello")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            HandObjectTrajectory.load(tmp_path / name)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"array\.npy"):
        HandObjectTrajectory.load(tmp_path / "array.npy")
    with pytest.raises(InputError, match="no file"):
        HandObjectTrajectory.load(tmp_path / "missing.npz")
    with pytest.raises(InputError):
        HandObjectTrajectory.load(tmp_path)
