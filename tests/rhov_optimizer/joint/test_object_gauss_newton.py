"""The object's poses over the whole clip."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from rhov_core.arrays import FloatArray
from rhov_core.metrics import normalised_squared_error
from rhov_core.metrics.temporal import rotation_jitter, temporal_distance
from rhov_core.pose import difference, interpolate, transform_points
from rhov_optimizer.joint import ObjectSolverConfig
from rhov_optimizer.joint.bridging import bridged_poses
from rhov_optimizer.joint.object_gauss_newton import ObjectSolution, solve_object_clip
from rhov_optimizer.joint.start import seen_frames
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.registration.mesh import CentredMesh

# The box's origin is its centre, so poses of the file and of the centred mesh are the same.


def _solve(clip: Any, **settings: Any) -> ObjectSolution:
    mesh = CentredMesh.from_model(clip.model, 500)
    seen = seen_frames(clip.estimates)
    T = bridged_poses(clip.estimates, seen)
    return solve_object_clip(mesh, clip.camera, clip.records, T, seen, ObjectSolverConfig(**settings))


def _jitter(T: FloatArray) -> float:
    return float(np.median(rotation_jitter(T[:, :3, :3])))


def test_errors_and_jitter_shrink(clip: Any) -> None:
    tracked = np.stack([estimate.T_camera_object for estimate in clip.estimates])
    solution = _solve(clip)
    before, after = clip.object_errors(tracked), clip.object_errors(solution.T)
    assert before[0] > 2.5
    assert after[0] < before[0] / 5
    assert after[1] < before[1] / 5
    assert _jitter(solution.T) < 1.3 * _jitter(clip.T) < _jitter(tracked) / 20
    corners = clip.model.vertices
    moved, true = (temporal_distance(transform_points(T, corners)) for T in (solution.T, clip.T))
    assert moved == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("left_out", ["contour_weight", "feature_weight", "flow_weight"])
def test_each_kind_of_residual_can_be_switched_off(clip: Any, left_out: str) -> None:
    part = clip.part(12)
    solution = _solve(part, **{left_out: 0.0})
    tracked = np.stack([estimate.T_camera_object for estimate in part.estimates])
    assert np.isfinite(solution.T).all()
    assert part.object_errors(solution.T)[0] < part.object_errors(tracked)[0]
    assert part.object_errors(solution.T)[1] < part.object_errors(tracked)[1]


def test_a_gap_is_bridged_with_grown_covariance(clip: Any) -> None:
    gap = range(10, 16)
    alone = dict.fromkeys(
        ("covariance_floor_translation", "covariance_floor_rotation", "mistaken_translation", "mistaken_rotation"), 0.0
    )
    solution = _solve(clip.lose(gap), **alone)
    assert clip.object_errors(solution.T)[0] < 2.0
    spread = np.sqrt(np.trace(solution.covariance, axis1=1, axis2=2))
    middle = 12
    assert spread[middle] > 1.5 * np.median(np.delete(spread, list(gap)))
    assert spread[middle] > spread[9]
    # The bridge takes the motion on both sides up: it beats the straight way between the last seen poses.
    straight = interpolate(clip.T[9], clip.T[16], np.arange(1, 7) / 7)
    bridged = np.concatenate([clip.T[:10], solution.T[10:16], clip.T[16:]])
    dull = np.concatenate([clip.T[:10], straight, clip.T[16:]])
    assert clip.object_errors(bridged)[1] < clip.object_errors(dull)[1]


def test_a_gap_at_the_end_stands_still_and_grows_uncertain(clip: Any) -> None:
    solution = _solve(clip.lose(range(20, 30)))
    last_seen, end = solution.T[19], solution.T[29]
    assert np.linalg.norm(end[:3, 3] - last_seen[:3, 3]) < 0.05
    spread = np.sqrt(np.trace(solution.covariance, axis1=1, axis2=2))
    assert (np.diff(spread[19:]) > 0).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_clips(clip: Any, count: int) -> None:
    part = clip.part(count)
    solution = _solve(part)
    tracked = np.stack([estimate.T_camera_object for estimate in part.estimates])
    assert part.object_errors(solution.T)[0] < part.object_errors(tracked)[0] / 2
    assert np.linalg.eigvalsh(solution.covariance).min() > 0


def test_frames_with_an_empty_mask_are_held_by_the_rest(clip: Any) -> None:
    records = list(clip.records)
    empty = PackedMask.pack(np.zeros((240, 320)))
    for i in (4, 5, 20):
        records[i] = dataclasses.replace(records[i], object_mask=empty)
    solution = _solve(dataclasses.replace(clip, records=records))
    assert clip.object_errors(solution.T)[0] < 0.7


def test_frames_without_any_cue_stay_where_they_were(clip: Any) -> None:
    part = clip.part(2)
    records = [dataclasses.replace(r, object_mask=None, flow_source=np.zeros((0, 2)), flow_target=np.zeros((0, 2)),
                                   match_keyframe=np.zeros(0), match_source=np.zeros((0, 2)),
                                   match_target=np.zeros((0, 2))) for r in part.records]  # fmt: skip
    solution = _solve(dataclasses.replace(part, records=records))
    tracked = np.stack([estimate.T_camera_object for estimate in part.estimates])
    np.testing.assert_allclose(solution.T, tracked, atol=1e-6)
    assert np.isfinite(solution.covariance).all()


def test_covariance_has_its_floor(clip: Any) -> None:
    solution = _solve(clip.part(8), covariance_floor_translation=0.5, covariance_floor_rotation=0.3)
    deviations = np.sqrt(np.diagonal(solution.covariance, axis1=1, axis2=2))
    assert (deviations[:, :3] >= 0.5).all()
    assert (deviations[:, 3:] >= 0.3).all()


def test_what_other_hypotheses_leave_open_is_in_the_covariance(clip: Any) -> None:
    part = clip.part(8)
    doubt = np.diag([1e-4, 4e-4, 9e-4, 0.3, 0.2, 0.1])
    doubted = dataclasses.replace(part, records=[dataclasses.replace(r, doubt=doubt) for r in part.records])
    before, after = _solve(part), _solve(doubted)
    np.testing.assert_array_equal(before.T, after.T)
    np.testing.assert_allclose(after.covariance - before.covariance, np.tile(doubt, (8, 1, 1)), atol=1e-12)


def test_being_told_to_stop_returns_what_was_reached(clip: Any) -> None:
    mesh = CentredMesh.from_model(clip.model, 500)
    T = np.stack([estimate.T_camera_object for estimate in clip.estimates])
    calls: list[float] = []
    seen = seen_frames(clip.estimates)

    def stop(fraction: float) -> bool:
        calls.append(fraction)
        return False

    solution = solve_object_clip(mesh, clip.camera, clip.records, T, seen, ObjectSolverConfig(), stop)
    assert solution.iterations == len(calls) == 1
    assert clip.object_errors(solution.T)[0] < clip.object_errors(T)[0]


def test_nothing_known_of_a_frame_says_so(clip: Any) -> None:
    part = clip.part(6).lose(range(4, 6))
    covariance = _solve(part, smoothness_weight=0.0, outline_points_alike=0.0, mistaken_rotation=0.0).covariance
    np.testing.assert_allclose(np.sqrt(np.diagonal(covariance[5])), np.repeat([1.0, 3.0], 3), rtol=1e-3)


def _normalised_error(clip: Any, solution: ObjectSolution) -> float:
    """1 if the covariance is as large as the errors."""
    return float(np.median(normalised_squared_error(difference(clip.T, solution.T), solution.covariance))) / 6


def test_masks_with_a_shadow_widen_the_covariance(clip: Any) -> None:
    records = []
    for record in clip.records:
        mask = record.object_mask.unpack()
        shadow = np.roll(mask, (4, 6), axis=(0, 1)) & ~record.hand_mask.unpack()
        records.append(dataclasses.replace(record, object_mask=PackedMask.pack(mask | shadow)))
    shaded = dataclasses.replace(clip, records=records)
    off, bare = _solve(shaded), _solve(shaded, outline_points_alike=0.0)
    right = _solve(clip)
    assert _normalised_error(shaded, off) < _normalised_error(shaded, bare) / 10
    assert _normalised_error(clip, right) < 2.0
    width = [float(np.median(np.trace(s.covariance, axis1=1, axis2=2))) for s in (right, off)]
    assert width[0] < width[1] / 4
