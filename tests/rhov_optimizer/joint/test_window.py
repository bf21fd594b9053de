"""Windows of a stream against the whole clip."""

from dataclasses import replace
from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.metrics import rotation_error, translation_error
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import transform_points
from rhov_core.trajectory import ObjectState
from rhov_optimizer.joint import window
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import solve_object_clip
from rhov_optimizer.joint.window import ObjectWindow
from rhov_optimizer.registration.mesh import CentredMesh

WINDOW, CONTEXT, LAG = 10, 8, 2


def _stream(clip: Any) -> list[ObjectEstimate]:
    """The newest poses of each window, one window after another."""
    smoothing, out = ObjectWindow(clip.model, ObjectSolverConfig(), CONTEXT, LAG), []
    for end in range(WINDOW, len(clip.records) + 1, WINDOW):
        out += smoothing.newest(clip.camera, clip.records[:end], clip.estimates[:end])
    return out


def _poses(estimates: list[ObjectEstimate]) -> FloatArray:
    return np.stack([estimate.T_camera_object for estimate in estimates])


def test_windows_are_near_the_whole_clip_without_a_seam(clip: Any) -> None:
    streamed = _poses(_stream(clip))
    mesh, seen = CentredMesh.from_model(clip.model, 2000), np.ones(len(clip.T), np.bool_)
    whole = solve_object_clip(mesh, clip.camera, clip.records, _poses(clip.estimates), seen, ObjectSolverConfig()).T[
        : len(streamed)
    ]
    assert len(streamed) == len(clip.T) - LAG
    assert rotation_error(streamed, whole).max() < np.radians(2.0)
    assert translation_error(streamed, whole).max() < 0.005
    tracked = _poses(clip.estimates)[:-LAG]
    assert rotation_error(streamed, clip.T[:-LAG]).mean() < rotation_error(tracked, clip.T[:-LAG]).mean() / 3
    moved, true = (np.diff(transform_points(T, clip.model.vertices), axis=0) for T in (streamed, clip.T[:-LAG]))
    steps = np.linalg.norm(moved, axis=-1).mean(1) / np.linalg.norm(true, axis=-1).mean(1)
    seams = np.zeros(len(steps), np.bool_)
    seams[WINDOW - LAG - 1 :: WINDOW] = True
    assert steps[seams].mean() < 1.2 * steps[~seams].mean()


def test_lost_frames_are_bridged_and_stay_lost(clip: Any) -> None:
    lost = clip.lose(range(12, 15))
    streamed = _stream(lost)
    assert [e.state == ObjectState.LOST for e in streamed] == [12 <= i < 15 for i in range(30 - LAG)]
    spread = [float(np.trace(e.covariance)) for e in streamed]
    assert min(spread[12:15]) > np.median(spread)


def test_what_cannot_be_smoothed_is_left_as_it_was(clip: Any) -> None:
    nothing = clip.part(5).lose(range(5))
    smoothing = ObjectWindow(clip.model, ObjectSolverConfig(), CONTEXT, LAG)
    assert smoothing.newest(clip.camera, nothing.records, nothing.estimates) == nothing.estimates[:-LAG]


def test_keyframes_from_before_the_window_bring_it_nearer_to_the_end_result(clip: Any, monkeypatch: Any) -> None:
    # without outlines, only features hold the poses
    plain = replace(
        clip, records=[replace(r, object_mask=r.object_mask if i == 0 else None) for i, r in enumerate(clip.records)]
    )
    monkeypatch.setattr(window, "BLENDED", 0)
    last = slice(-WINDOW - LAG, -LAG)
    with_them = rotation_error(_poses(_stream(plain))[-WINDOW:], clip.T[last]).mean()
    monkeypatch.setattr(window, "KEYFRAMES", 0)
    assert with_them < 0.8 * rotation_error(_poses(_stream(plain))[-WINDOW:], clip.T[last]).mean()


def _second(clip: Any, aside: float) -> list[ObjectEstimate]:
    """What is said of the second window, after a first one whose poses lay aside by so much [m]."""
    smoothing = ObjectWindow(clip.model, ObjectSolverConfig(), CONTEXT, LAG)
    records = [replace(record, match_keyframe=record.match_keyframe[:0], **_NO_MATCHES) for record in clip.records]
    before = [_moved(estimate, aside) for estimate in clip.estimates[:WINDOW]]
    blind = [replace(record, object_mask=None) for record in records[:WINDOW]]
    smoothing.newest(clip.camera, blind, before)
    return smoothing.newest(clip.camera, records[: 2 * WINDOW], clip.estimates[: 2 * WINDOW])


_NO_MATCHES = {"match_source": np.zeros((0, 2)), "match_target": np.zeros((0, 2))}


def _moved(estimate: ObjectEstimate, aside: float) -> ObjectEstimate:
    T = estimate.T_camera_object.copy()
    T[0, 3] += aside
    return replace(estimate, T_camera_object=T)


def test_a_window_leaves_where_the_one_before_ended(clip: Any, monkeypatch: Any) -> None:
    blended = _second(clip, aside=0.02)
    monkeypatch.setattr(window, "BLENDED", 0)
    free = _second(clip, aside=0.02)
    assert [e.frame_index for e in free] == list(range(WINDOW - LAG, 2 * WINDOW - LAG))
    moved_by = _poses(blended)[:, 0, 3] - _poses(free)[:, 0, 3]
    assert moved_by[0] > 0.01 and (np.diff(moved_by) < 1e-9).all()
    assert moved_by[-1] < 0.001
    assert blended[0].covariance[0, 0] > free[0].covariance[0, 0] + 0.9 * moved_by[0] ** 2


def test_a_wrong_pose_before_is_not_blended_with(clip: Any, monkeypatch: Any) -> None:
    far = _second(clip, aside=0.1)
    monkeypatch.setattr(window, "BLENDED", 0)
    np.testing.assert_array_equal(_poses(far), _poses(_second(clip, aside=0.1)))


def test_nothing_is_said_twice_and_a_reset_begins_anew(clip: Any) -> None:
    smoothing = ObjectWindow(clip.model, ObjectSolverConfig(), CONTEXT, LAG)
    first = smoothing.newest(clip.camera, clip.records[:6], clip.estimates[:6])
    assert [e.frame_index for e in first] == list(range(4))
    assert smoothing.newest(clip.camera, clip.records[:6], clip.estimates[:6]) == []
    assert smoothing.newest(clip.camera, clip.records[:LAG], clip.estimates[:LAG]) == []
    smoothing.reset()
    assert len(smoothing.newest(clip.camera, clip.records[:5], clip.estimates[:5])) == 3
