"""The whole joint optimisation, as a user calls it."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.errors import InputError
from rhov_core.metrics.temporal import temporal_distance
from rhov_core.pose import transform_points
from rhov_core.trajectory import HandObjectTrajectory, ObjectState
from rhov_optimizer.joint import JointConfig, JointResult, TermWeights, optimise_trajectory
from rhov_optimizer.packed_mask import PackedMask
from rhov_optimizer.track_record import TrackRecord


def _run(clip: Any, **settings: Any) -> JointResult:
    arguments = {name: settings.pop(name) for name in ("progress", "cancelled", "weights") if name in settings}
    return optimise_trajectory(
        clip.model,
        clip.camera,
        clip.records,
        clip.estimates,
        clip.hand_model,
        config=JointConfig(**settings),
        **arguments,
    )


def _hand_error(clip: Any, joints: np.ndarray) -> float:
    return float(np.linalg.norm(joints - clip.hand_joints, axis=-1).mean())


@pytest.fixture(scope="module")
def result(clip: Any) -> JointResult:
    return _run(clip)


def test_object_and_hand_become_better_and_steadier(clip: Any, result: JointResult) -> None:
    trajectory = result.trajectory
    tracked = np.stack([estimate.T_camera_object for estimate in clip.estimates])
    assert clip.object_errors(trajectory.T_camera_object)[0] < clip.object_errors(tracked)[0] / 5
    assert clip.object_errors(trajectory.T_camera_object)[1] < clip.object_errors(tracked)[1] / 5
    seen = np.stack([record.hand.joints for record in clip.records])
    assert _hand_error(clip, trajectory.hand_joints) < 0.4 * _hand_error(clip, seen)
    true, before, after = (temporal_distance(J) for J in (clip.hand_joints, seen, trajectory.hand_joints))
    assert before > 5 * true
    assert 0.7 * true < after < 1.5 * true


def test_every_frame_is_there_and_can_be_saved(clip: Any, result: JointResult, tmp_path: Any) -> None:
    trajectory = result.trajectory
    assert trajectory.frame_index.tolist() == [record.frame_index for record in clip.records]
    assert trajectory.hand_model == clip.hand_model.name
    assert trajectory.hand_valid.all()
    trajectory.save(tmp_path / "trajectory.npz")
    assert len(HandObjectTrajectory.load(tmp_path / "trajectory.npz")) == len(clip.records)
    geometry = clip.hand_model.forward_numpy(trajectory.hand_pose, trajectory.hand_shape, trajectory.hand_translation)
    np.testing.assert_allclose(geometry.joints, trajectory.hand_joints, atol=1e-9)


def test_report_says_what_was_done(clip: Any, result: JointResult) -> None:
    report = json.loads(json.dumps(result.report, allow_nan=False))
    names = {name for name, _, _ in TermWeights().terms()}
    assert set(report["terms"]) | set(report["terms_off"]) == names
    assert set(report["seconds"]) == {"object", "size", "terms", "report"}
    assert (report["frames"], report["frames_lost"], report["frames_with_hand"]) == (30, 0, 30)
    assert report["size"]["contact"] is True
    assert report["steps"] == JointConfig().iterations
    for name in ("keypoints", "interaction", "penetration", "hand_temporal"):
        assert report["terms"][name]["end"] < report["terms"][name]["start"]
    quality = report["object"]
    assert quality["rotation_jitter_deg"]["end"] < 0.1 * quality["rotation_jitter_deg"]["start"]
    assert quality["mask_iou"]["end"] > 0.98 > quality["mask_iou"]["start"]
    assert quality["residuals"].keys() == {"contour", "features", "flow", "smoothness"}
    for loss in quality["residuals"].values():
        assert loss["weight"] > 0 and loss["end"] < 0.5 * loss["start"]


def test_same_input_same_output(clip: Any) -> None:
    part = clip.part(6)
    first, second = _run(part, iterations=5).trajectory, _run(part, iterations=5).trajectory
    np.testing.assert_array_equal(first.T_camera_object, second.T_camera_object)
    np.testing.assert_array_equal(first.hand_pose, second.hand_pose)


def test_parts_change_no_result(long_clip: Any) -> None:
    whole, parts = (_run(long_clip, iterations=12, part=size).trajectory for size in (80, 16))
    np.testing.assert_allclose(parts.T_camera_object, whole.T_camera_object, atol=1e-9)
    np.testing.assert_allclose(parts.hand_joints, whole.hand_joints, atol=5e-4)
    step = np.linalg.norm(np.diff(parts.hand_joints[:, 0], n=2, axis=0), axis=-1)
    at_seams = step[[14, 15, 30, 31, 46, 47, 62, 63]]
    assert np.median(at_seams) < 2 * np.median(step)


def test_adam_alone_improves_the_object_too(clip: Any) -> None:
    part = clip.part(12)
    tracked = np.stack([estimate.T_camera_object for estimate in part.estimates])
    result = _run(part, object_solver="adam", iterations=150)
    assert part.object_errors(result.trajectory.T_camera_object)[0] < 0.6 * part.object_errors(tracked)[0]
    assert result.report["terms"]["object_mask"]["end"] < 0.5 * result.report["terms"]["object_mask"]["start"]


@pytest.mark.parametrize("unit", [0.01, 3.0])
def test_size_of_an_object_in_unknown_units(clip_factory: Callable[..., Any], unit: float) -> None:
    clip = clip_factory(12, unit=unit, hand_noise=0.3)
    result = _run(clip)
    assert result.trajectory.object_scale == pytest.approx(unit, rel=0.05)
    assert clip.object_errors(result.trajectory.T_camera_object)[0] < 0.9
    np.testing.assert_allclose(result.trajectory.T_camera_object[:, :3, 3], clip.T[:, :3, 3], rtol=0.05, atol=0.003)
    spread = np.sqrt(result.trajectory.object_covariance[:, 2, 2])
    assert (spread < 0.05).all()


def test_a_mesh_whose_origin_is_far_from_its_centre(clip_factory: Callable[..., Any]) -> None:
    for unit in (1.0, 0.1):
        clip = clip_factory(8, unit=unit, origin=(0.2, -0.1, 0.05), hand_noise=0.3)
        trajectory = _run(clip, iterations=10).trajectory
        corners = trajectory.object_scale * clip.model.vertices
        drawn = transform_points(trajectory.T_camera_object, corners)
        true = transform_points(clip.T, unit * clip.model.vertices)
        np.testing.assert_allclose(drawn[..., :2] / drawn[..., 2:], true[..., :2] / true[..., 2:], atol=0.006)
        assert trajectory.object_scale == pytest.approx(unit, rel=0.06)
        # Far from the box a turn moves the origin: it is less certain than the centre.
        centred = _run(clip_factory(8, unit=unit, hand_noise=0.3), iterations=10).trajectory
        origin, centre = (np.trace(t.object_covariance[:, :3, :3], axis1=1, axis2=2) for t in (trajectory, centred))
        assert (origin > 1.1 * centre).all()


def test_lost_frames_are_bridged_and_marked(clip: Any) -> None:
    lost = clip.lose(range(10, 15))
    result = _run(lost, iterations=5)
    trajectory = result.trajectory
    assert (trajectory.object_state[10:15] == ObjectState.LOST).all()
    assert trajectory.frames_lost == result.report["frames_lost"] == 5
    assert clip.object_errors(trajectory.T_camera_object)[0] < 2.0
    assert np.linalg.norm(np.diff(trajectory.T_camera_object[9:16, :3, 3], axis=0), axis=1).max() < 0.02


def test_a_clip_that_was_lost_all_along_keeps_the_estimates(clip: Any) -> None:
    part = clip.part(4)
    lost = part.lose(range(4))
    result = _run(lost, iterations=3)
    assert result.trajectory.frames_lost == 4
    np.testing.assert_allclose(result.trajectory.T_camera_object, np.tile(np.eye(4), (4, 1, 1)), atol=1e-9)


def test_without_a_hand_only_the_object_is_solved(clip: Any) -> None:
    records = [dataclasses.replace(r, hand=None, hand_mask=None) for r in clip.records]
    result = _run(dataclasses.replace(clip, records=records))
    assert clip.object_errors(result.trajectory.T_camera_object)[0] < 0.7
    assert not result.trajectory.hand_valid.any()
    assert not result.trajectory.hand_joints.any()
    assert result.report["terms_off"]["keypoints"] == "no frame shows a hand"
    assert result.report["steps"] == 0


def test_a_hand_in_part_of_the_clip(clip: Any) -> None:
    records = [dataclasses.replace(r, hand=None) if 10 <= i < 18 else r for i, r in enumerate(clip.records)]
    trajectory = _run(dataclasses.replace(clip, records=records)).trajectory
    assert trajectory.hand_valid.tolist() == [not 10 <= i < 18 for i in range(30)]
    assert np.linalg.norm(trajectory.hand_joints - clip.hand_joints, axis=-1).mean(1).max() < 0.015


@pytest.mark.parametrize("count", [1, 2])
def test_shortest_clips(clip: Any, count: int) -> None:
    part = clip.part(count)
    result = _run(part)
    assert len(result.trajectory) == count
    assert np.linalg.eigvalsh(result.trajectory.object_covariance).min() > 0
    json.dumps(result.report, allow_nan=False)


def test_bare_records_change_nothing_and_fail_nothing(clip: Any) -> None:
    nothing = PackedMask.pack(np.zeros((240, 320)))
    records = [
        TrackRecord(r.frame_index, r.stamp, r.image_size, object_mask=nothing, hand_mask=nothing, excluded=nothing)
        for r in clip.records[:5]
    ]
    result = _run(dataclasses.replace(clip.part(5), records=records))
    assert np.isfinite(result.trajectory.T_camera_object).all()
    assert result.report["object"]["mask_iou"] == {"start": None, "end": None}


def test_progress_and_cancelling(clip: Any) -> None:
    calls: list[tuple[str, float]] = []
    result = _run(clip, progress=lambda stage, fraction: calls.append((stage, fraction)))
    assert [stage for stage, fraction in calls if fraction == 0.0] == ["object", "size", "terms", "report"]
    assert all(0 <= fraction <= 1 for _, fraction in calls)
    assert result.report["cancelled"] is False
    stopped = _run(clip, cancelled=lambda: True)
    assert stopped.report["cancelled"] is True
    assert len(stopped.trajectory) == len(clip.records)
    assert stopped.report["steps"] <= 1


def test_a_weight_of_zero_switches_a_term_off(clip: Any) -> None:
    result = _run(clip.part(4), iterations=2, weights=TermWeights(interaction=0.0))
    assert result.report["terms_off"]["interaction"] == "its weight is 0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: dataclasses.replace(c, records=[], estimates=[]), "0 track records"),
        (lambda c: dataclasses.replace(c, records=c.records[1:]), "29 track records"),
        (lambda c: dataclasses.replace(c, records=c.records[1:], estimates=c.estimates[:-1]), "frame 1 and"),
        (lambda c: dataclasses.replace(c, records=c.records[::-1], estimates=c.estimates[::-1]), "increase strictly"),
        (lambda c: dataclasses.replace(c, camera=c.camera.scaled(640, 480)), "320x240 pixels"),
        (lambda c: dataclasses.replace(c, hand_model=dataclasses.replace(c.hand_model, name="mano")), "anny"),
    ],
)
def test_bad_input_is_refused(clip: Any, change: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _run(change(clip))


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="newton"):
        JointConfig(object_solver="newton")
    with pytest.raises(InputError, match="flow"):
        TermWeights(flow=-1.0)


def test_no_steps_of_adam_leave_what_the_stages_before_found(clip: Any) -> None:
    result = _run(clip.part(4), iterations=0)
    assert result.report["steps"] == 0
    assert result.report["terms"]["keypoints"]["start"] == result.report["terms"]["keypoints"]["end"]
