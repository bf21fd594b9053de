import numpy as np
import pytest

from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import difference, exp_rotation, make_transform
from rhov_core.trajectory import ObjectState
from rhov_optimizer.track_record import TrackRecord
from rhov_optimizer.tracking.doubt import ANY_ROTATION, ANY_TRANSLATION, SHARPNESS, Doubt, Doubts

T = make_transform(exp_rotation([0.2, -0.4, 0.1]), np.array([0.05, -0.02, 0.6]))
FLIP = make_transform(exp_rotation([0.0, 0.0, np.pi - 0.01]), np.zeros(3))
QUARTER = make_transform(exp_rotation([np.pi / 2, 0.0, 0.0]), np.array([0.0, 0.0, 0.01]))
NONE = np.eye(4)[None]


def test_hypotheses_that_explain_the_video_alike_spread_the_pose():
    doubt = Doubt.among(np.stack([T, T @ QUARTER]), np.array([0.9, 0.9]), NONE)
    assert doubt.weights == pytest.approx([0.5])
    off = difference(T @ QUARTER, T)
    assert doubt.covariance(T) == pytest.approx(0.5 * np.outer(off, off))
    assert off @ np.linalg.pinv(doubt.covariance(T)) @ off == pytest.approx(2)


def test_one_that_explains_it_less_well_counts_less_and_then_nothing():
    poses = np.stack([T, T @ QUARTER])
    weights = [Doubt.among(poses, np.array([0.9, 0.9 - k * SHARPNESS]), NONE).weights for k in (0, 1, 9)]
    assert weights[1] == pytest.approx([np.exp(-1) / (1 + np.exp(-1))])
    assert len(weights[2]) == 0


def test_symmetric_poses_are_the_same():
    half = make_transform(exp_rotation([0.0, 0.0, np.pi]), np.zeros(3))
    symmetries = np.stack([np.eye(4), half])
    doubt = Doubt.among(np.stack([T, T @ FLIP]), np.zeros(2), symmetries)
    assert (
        np.trace(doubt.covariance(T))
        < 1e-4
        < np.trace(Doubt.among(np.stack([T, T @ FLIP]), np.zeros(2), NONE).covariance(T))
    )


def test_it_moves_with_the_object():
    moved = make_transform(exp_rotation([0.5, 1.0, -0.3]), np.array([0.2, 0.1, 0.1])) @ T
    doubt = Doubt.among(np.stack([T, T @ QUARTER]), np.zeros(2), NONE)
    again = Doubt.among(np.stack([moved, moved @ QUARTER]), np.zeros(2), NONE)
    assert doubt.covariance(moved) == pytest.approx(again.covariance(moved))


def test_doubts_of_one_pose_are_joined_by_their_odds():
    half = Doubt.among(np.stack([T, T @ QUARTER]), np.zeros(2), NONE)
    less = Doubt.among(np.stack([T, T @ FLIP]), np.array([0.0, -SHARPNESS]), NONE)
    both = Doubt.among(np.stack([T, T @ QUARTER, T @ FLIP]), np.array([0.0, 0.0, -SHARPNESS]), NONE)
    assert half.also(less).weights == pytest.approx(both.weights)
    assert half.also(less).covariance(T) == pytest.approx(both.covariance(T))
    assert half.also(Doubt()) is half and Doubt().also(half) is half


def test_a_pose_that_may_be_any_other_spreads_alike_in_all_directions_about_the_centre():
    centre = np.array([0.03, -0.02, 0.05])
    doubt = Doubt.elsewhere(0.4, centre, 0.2)
    assert doubt.weights.sum() == pytest.approx(0.4)
    centred = T @ make_transform(np.eye(3), centre)
    moved = T @ doubt.offsets @ make_transform(np.eye(3), centre)
    off = difference(moved, np.broadcast_to(centred, moved.shape))
    turned = np.einsum("n,ni,nj->ij", doubt.weights, off[:, 3:], off[:, 3:])
    assert turned == pytest.approx(0.4 * ANY_ROTATION**2 * np.eye(3))
    shifts = moved[:, :3, 3] - centred[:3, 3]
    spread = np.einsum("n,ni,nj->ij", doubt.weights, shifts, shifts)
    assert spread == pytest.approx(0.4 * (ANY_TRANSLATION * 0.2) ** 2 * np.eye(3))


def test_a_pose_that_took_the_place_of_another_is_doubted_until_it_has_explained_many_frames():
    doubts = Doubts(mistaken=0.5)
    assert doubts.after(explained=False) is doubts
    for _ in range(23):
        doubts = doubts.after(explained=True)
    assert doubts.mistaken == pytest.approx(1 / 3, abs=0.01)
    for _ in range(200):
        doubts = doubts.after(explained=True)
    assert not len(doubts.joined(np.zeros(3), 0.2).weights)


def test_all_doubts_count_together():
    rivals = Doubt.among(np.stack([T, T @ QUARTER]), np.zeros(2), NONE)
    newest = Doubt.among(np.stack([T, T @ FLIP]), np.zeros(2), NONE)
    joined = Doubts(rivals, newest, 0.5).joined(np.zeros(3), 0.2)
    assert len(joined.weights) == 14 and joined.weights.sum() == pytest.approx(0.75)
    assert Doubts(rivals).joined(np.zeros(3), 0.2) is rivals


def test_it_is_added_to_a_frame_and_its_record():
    revision = ObjectEstimate(3, 0.1, T, np.eye(6) * 1e-4, ObjectState.TRACKED), TrackRecord(3, 0.1, (640, 480))
    assert Doubt().added_to(revision) is revision
    doubt = Doubt.among(np.stack([T, T @ QUARTER]), np.zeros(2), NONE)
    estimate, record = doubt.added_to(revision)
    assert record.doubt == pytest.approx(doubt.covariance(T))
    assert estimate.covariance == pytest.approx(np.eye(6) * 1e-4 + record.doubt)
