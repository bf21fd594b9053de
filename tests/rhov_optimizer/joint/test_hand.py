"""The hand's track, its light model, bridging, size and depth."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, log_rotation
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.joint.bridging import bridged_hand
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.depth import align_depths
from rhov_optimizer.joint.hand_track import HandTrack, model_of_side_seen, unwrapped
from rhov_optimizer.joint.landmark_offsets import keypoints_of_joints
from rhov_optimizer.joint.light_hand import light_hand, size_direction
from rhov_optimizer.joint.other_side import mirrored_in_depth
from rhov_optimizer.joint.size import match_sizes, resized


@pytest.fixture(scope="module")
def model() -> HandModel:
    return HandModel.load()


@pytest.fixture(scope="module")
def grid(true_clip: Any) -> SignedDistanceGrid:
    return SignedDistanceGrid.from_mesh(true_clip.model.vertices, true_clip.model.faces)


def test_light_hand_is_a_subset_of_the_full_one(model: HandModel) -> None:
    light = light_hand(model, 400)
    assert 300 <= len(light.faces) <= 420
    assert light.faces.max() == len(light.template) - 1
    rng = np.random.default_rng(0)
    pose, shape, translation = rng.normal(0, 0.3, (2, 48)), rng.normal(0, 1, 10), rng.normal(0, 1, (2, 3))
    full, few = model.forward_numpy(pose, shape, translation), light.forward_numpy(pose, shape, translation)
    np.testing.assert_allclose(few.joints, full.joints, atol=1e-12)
    distance = np.linalg.norm(full.vertices[0][None] - few.vertices[0][:, None], axis=-1).min(1)
    assert distance.max() < 1e-12
    for finger, pad in light.fingertip_vertices.items():
        on_pad = few.vertices[0][pad]
        whole = full.vertices[0][model.fingertip_vertices[finger]]
        assert np.linalg.norm(on_pad[:, None] - whole[None], axis=-1).min(1).max() < 1e-12


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_resizing_moves_no_pixel(true_clip: Any, model: HandModel, side: str, offset: float) -> None:
    sided = model if side == "right" else model.mirrored()
    # MANO's wrist is not at its origin as the free model's is.
    shift = np.array([offset, 0.0, 0.0])
    sided = dataclasses.replace(sided, template=sided.template + shift, joint_template=sided.joint_template + shift)
    track = HandTrack.from_records(true_clip.records, model)
    assert track is not None
    larger = resized(track, sided, 1.15)
    before = sided.forward_numpy(track.pose, track.shape, track.translation)
    after = sided.forward_numpy(larger.pose, larger.shape, larger.translation)
    np.testing.assert_allclose(after.vertices, 1.15 * before.vertices, atol=2e-4)


def test_size_direction_of_the_free_model_is_its_first_coefficient(model: HandModel) -> None:
    np.testing.assert_allclose(size_direction(model), [20.0, *[0.0] * 9], atol=0.2)


def test_unwrapped_rotation_vectors_do_not_jump() -> None:
    angles = np.linspace(2.5, 4.0, 16)
    pose = np.zeros((16, 48))
    pose[:, :3] = log_rotation(exp_rotation(angles[:, None] * [0.0, 0.6, 0.8]))
    smooth = unwrapped(pose)
    assert np.abs(np.diff(pose[:, :3], axis=0)).max() > 1
    assert np.abs(np.diff(smooth[:, :3], axis=0)).max() < 0.11
    np.testing.assert_allclose(exp_rotation(smooth[:, :3]), exp_rotation(pose[:, :3]), atol=1e-12)


def test_hands_of_other_shapes_keep_their_pixels(true_clip: Any, model: HandModel) -> None:
    track = HandTrack.from_records(true_clip.records, model)
    assert track is not None
    bigger = resized(track, model, 1.1)
    records = [
        dataclasses.replace(r, hand=dataclasses.replace(r.hand, shape=bigger.shape, translation=bigger.translation[i]))
        if i == 2
        else r
        for i, r in enumerate(true_clip.records)
    ]
    mixed = HandTrack.from_records(records, model)
    assert mixed is not None
    np.testing.assert_allclose(mixed.shape, track.shape)
    np.testing.assert_allclose(mixed.translation, track.translation, atol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "side"), [(range(3), "right"), (range(5), "right"), (range(3, 6), "left"), ([5], "left")]
)
def test_the_last_frame_of_a_vote_knows_the_side_best(true_clip: Any, model: HandModel, wrong: Any, side: str) -> None:
    records = _sided(true_clip.records, wrong)
    assert model_of_side_seen(records, model).side == side
    assert model_of_side_seen(records, model.mirrored()).side == side


@pytest.mark.parametrize(("wrong", "side"), [([1, 3, 11], "right"), ([0, 2, 4, 6, 9, 10, 11], "left")])
def test_opinions_of_single_frames_are_counted(true_clip: Any, model: HandModel, wrong: Any, side: str) -> None:
    """No vote changes its mind so often."""
    records = _sided([*true_clip.records, *true_clip.records], wrong)
    assert model_of_side_seen(records, model).side == side
    assert model_of_side_seen(records, model.mirrored()).side == side


def test_no_hand_has_the_side_of_the_model(true_clip: Any, model: HandModel) -> None:
    records = [dataclasses.replace(r, hand=None) for r in true_clip.records]
    assert model_of_side_seen(records, model.mirrored()).side == "left"


def _sided(records: Any, left: Any) -> list[Any]:
    """The records, in some frames of a left hand."""
    return [
        dataclasses.replace(r, hand=dataclasses.replace(r.hand, side="left")) if i in left else r
        for i, r in enumerate(records)
    ]


def test_frames_that_saw_the_other_side_are_mirrored_in_depth(true_clip: Any, model: HandModel) -> None:
    other = model.mirrored()
    wrong = {0, 1}
    records = [
        dataclasses.replace(r, hand=mirrored_in_depth(r.hand, other)) if i in wrong else r
        for i, r in enumerate(true_clip.records)
    ]
    assert [r.hand.side for r in records] == ["left"] * 2 + ["right"] * 4
    sided = model_of_side_seen(records, other)
    assert sided.side == "right"
    track, all_right = HandTrack.from_records(records, sided), HandTrack.from_records(true_clip.records, model)
    assert track is not None
    assert all_right is not None
    assert track.valid.all()
    assert set(np.flatnonzero(track.mirrored)) == wrong
    assert not all_right.mirrored.any()
    joints, expected = (model.forward_numpy(t.pose, t.shape, t.translation).joints for t in (track, all_right))
    np.testing.assert_allclose(joints, expected, atol=1e-6)


def test_the_mirrored_hand_looks_the_same(true_clip: Any, model: HandModel) -> None:
    right = true_clip.records[0].hand
    left = mirrored_in_depth(right, model.mirrored())
    middle = right.joints.mean(0)
    ray = middle / np.linalg.norm(middle)
    apart, mirrored = right.joints - middle, left.joints - middle
    np.testing.assert_allclose(mirrored @ ray, -apart @ ray, atol=1e-9)
    np.testing.assert_allclose(mirrored - np.outer(mirrored @ ray, ray), apart - np.outer(apart @ ray, ray), atol=1e-9)
    assert left.wrist_covariance[:3, :3] @ ray @ ray == pytest.approx(right.wrist_covariance[:3, :3] @ ray @ ray)


def test_another_hand_model_is_refused(true_clip: Any, model: HandModel) -> None:
    with pytest.raises(InputError, match="anny"):
        HandTrack.from_records(true_clip.records, dataclasses.replace(model, name="mano_right"))


def _without(records: list[Any], frames: set[int]) -> list[Any]:
    return [dataclasses.replace(r, hand=None) if i in frames else r for i, r in enumerate(records)]


def test_a_hidden_hand_moves_with_the_object_it_holds(clip_factory: Callable[..., Any], model: HandModel) -> None:
    clip = clip_factory(30, hand_noise=0.0)
    track = HandTrack.from_records(_without(clip.records, set(range(8, 22))), model)
    assert track is not None
    stamps = np.arange(30) / 30

    def error(hand: HandTrack) -> float:
        joints = model.forward_numpy(hand.pose, hand.shape, hand.translation).joints
        return float(np.linalg.norm(joints - clip.hand_joints, axis=-1).max())

    everywhere = np.ones(30, np.bool_)
    assert error(bridged_hand(track, model, stamps, clip.T, everywhere)) < 1e-6
    assert error(bridged_hand(track, model, stamps, clip.T, ~everywhere)) > 0.005
    at_end = HandTrack.from_records(_without(clip.records, set(range(5))), model)
    assert at_end is not None
    still = bridged_hand(at_end, model, stamps)
    np.testing.assert_allclose(still.translation[:5], np.tile(at_end.translation[5], (5, 1)), atol=1e-12)
    assert not still.valid[:5].any()


def test_bridged_fingers_turn_steadily(model: HandModel) -> None:
    pose = np.zeros((3, 48))
    pose[2, 3:6] = [0.0, 0.8, 0.0]
    valid = np.array([True, False, True])
    hand = HandTrack(
        "right", pose, np.zeros(10), np.zeros((3, 3)), valid, np.zeros((3, 21, 2)), np.ones(3), ~valid, np.ones(3)
    )
    bridged = bridged_hand(hand, model, np.array([0.0, 0.25, 1.0]))
    np.testing.assert_allclose(bridged.pose[1, 3:6], [0.0, 0.2, 0.0], atol=1e-12)


def test_signed_distances_and_gaps_by_hand(grid: SignedDistanceGrid, model: HandModel, true_clip: Any) -> None:
    T = np.tile(np.eye(4), (1, 1, 1))
    points = np.array([[[0.0, 0.0, 0.035], [0.0, 0.0, 0.02], [0.095, 0.0, 0.0]]])
    np.testing.assert_allclose(signed_distances(grid, T, 1.0, points), [[0.01, -0.005, 0.01]], atol=1e-3)
    np.testing.assert_allclose(signed_distances(grid, T, 2.0, 2 * points), [[0.02, -0.01, 0.02]], atol=2e-3)
    vertices = model.forward_numpy(np.zeros((1, 48)), np.zeros(10), np.zeros((1, 3))).vertices
    signed = np.full(vertices.shape[:2], 0.05)
    signed[0, model.fingertip_vertices["index"][0]] = -0.002
    np.testing.assert_allclose(fingertip_gaps(signed, model), [[0.05, 0.002, 0.05, 0.05, 0.05]])


def _moved_along_rays(track: HandTrack, model: HandModel, factor: float) -> HandTrack:
    centre = model.forward_numpy(track.pose, track.shape, track.translation).vertices.mean(1)
    return dataclasses.replace(track, translation=track.translation + (factor - 1) * centre)


@pytest.mark.parametrize("factor", [0.9, 1.12])
def test_depth_is_found_by_contact(true_clip: Any, grid: SignedDistanceGrid, model: HandModel, factor: float) -> None:
    track = HandTrack.from_records(true_clip.records, model)
    assert track is not None
    off = dataclasses.replace(_moved_along_rays(track, model, factor), depth_spread=np.full(6, 0.08))
    seen, stamps = np.ones(6, np.bool_), np.arange(6) / 30
    found = align_depths(grid, true_clip.T, 1.0, seen, stamps, model, off)
    error = np.linalg.norm(found.translation - track.translation, axis=1)
    assert error.max() < 0.015 < 0.04 < np.linalg.norm(off.translation - track.translation, axis=1).min()


def test_a_hand_far_from_the_object_keeps_its_depth(true_clip: Any, grid: SignedDistanceGrid, model: HandModel) -> None:
    track = HandTrack.from_records(true_clip.records, model)
    assert track is not None
    aside = dataclasses.replace(
        track, translation=track.translation + np.array([0.35, 0, 0]), depth_spread=np.full(6, 0.08)
    )
    seen, stamps = np.ones(6, np.bool_), np.arange(6) / 30
    found = align_depths(grid, true_clip.T, 1.0, seen, stamps, model, aside)
    np.testing.assert_allclose(found.translation, aside.translation, atol=0.005)


@pytest.mark.parametrize("unit", [0.1, 1.0, 25.0])
def test_size_of_the_object_is_found_by_contact(true_clip: Any, model: HandModel, unit: float) -> None:
    track = HandTrack.from_records(true_clip.records, model)
    vertices = true_clip.model.vertices / unit
    T = true_clip.T.copy()
    T[:, :3, 3] /= unit
    distance = SignedDistanceGrid.from_mesh(vertices, true_clip.model.faces)
    seen = np.ones(6, np.bool_)
    sizes = match_sizes(distance, T, seen, model, track, object_is_metric=False, hand_range=1.25)
    assert sizes.contact
    assert sizes.object_scale == pytest.approx(unit, rel=0.05)
    np.testing.assert_allclose(sizes.T[:, :3, 3], true_clip.T[:, :3, 3], rtol=0.05)
    assert sizes.hand is track


def test_hand_is_resized_to_meet_a_metric_object(true_clip: Any, grid: SignedDistanceGrid, model: HandModel) -> None:
    track = HandTrack.from_records(true_clip.records, model)
    assert track is not None
    small = resized(track, model, 0.95)
    seen = np.ones(6, np.bool_)
    sizes = match_sizes(grid, true_clip.T, seen, model, small, object_is_metric=True, hand_range=1.25)
    assert sizes.contact
    assert 1.02 < sizes.hand_factor < 1 / 0.95 + 0.01  # part of the way: hands of that size are rarer
    assert sizes.object_scale == 1.0


def test_without_contact_nothing_is_resized(true_clip: Any, grid: SignedDistanceGrid, model: HandModel) -> None:
    track = HandTrack.from_records(true_clip.records, model)
    assert track is not None
    aside = dataclasses.replace(track, translation=track.translation + np.array([0.5, 0, 0]))
    seen = np.ones(6, np.bool_)
    for is_metric in (True, False):
        sizes = match_sizes(grid, true_clip.T, seen, model, aside, object_is_metric=is_metric, hand_range=1.25)
        assert not sizes.contact
        assert (sizes.object_scale, sizes.hand_factor) == (1.0, 1.0)
    assert not match_sizes(grid, true_clip.T, ~seen, model, track, object_is_metric=True, hand_range=1.25).contact
    assert not match_sizes(grid, true_clip.T, seen, None, None, object_is_metric=True, hand_range=1.25).contact


def test_what_landmarks_and_joints_always_differ_by_is_taken_out(clip_factory: Callable[..., Any]) -> None:
    clip = clip_factory(20, hand_noise=0.0)
    rng = np.random.default_rng(0)
    rotation = exp_rotation(np.stack([r.hand.pose[:3] for r in clip.records]))
    exact = clip.camera.project(clip.hand_joints)
    landmarks = clip.hand_joints + np.einsum("nab,kb->nka", rotation, rng.normal(0, 0.008, (21, 3)))
    noise = rng.normal(0, 2.0, exact.shape)
    seen = clip.camera.project(landmarks)
    found = keypoints_of_joints(seen + noise, clip.hand_joints, rotation, clip.camera)
    assert np.median(np.linalg.norm(seen - exact, axis=-1)) > 5
    # The noise of single frames is evidence and stays; the constant part is gone up to what is seen of it in depth.
    assert np.median(np.linalg.norm(found - noise - exact, axis=-1)) < 2
    assert np.std(found - exact) == pytest.approx(2.0, rel=0.25)
    alone = keypoints_of_joints(seen + noise, clip.hand_joints, rotation, clip.camera, per_frame=True)
    np.testing.assert_allclose(alone, exact, atol=1e-9)
