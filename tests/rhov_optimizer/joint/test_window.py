"""Windows of a stream against the whole clip."""

from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.metrics import rotation_error, translation_error
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import transform_points
from rhov_core.trajectory import ObjectState
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import solve_object_clip
from rhov_optimizer.joint.window import ObjectWindow
from rhov_optimizer.registration.mesh import CentredMesh

WINDOW, CONTEXT = 10, 8


def _stream(clip: Any) -> list[ObjectEstimate]:
    """The newest poses of each window, one window after another."""
    window, out = ObjectWindow(clip.model, ObjectSolverConfig()), []
    for end in range(WINDOW, len(clip.records) + 1, WINDOW):
        part = slice(max(0, end - WINDOW - CONTEXT), end)
        out += window.smoothed(clip.camera, clip.records[part], clip.estimates[part])[-WINDOW:]
    return out


def _poses(estimates: list[ObjectEstimate]) -> FloatArray:
    return np.stack([estimate.T_camera_object for estimate in estimates])


def test_windows_are_near_the_whole_clip_without_a_seam(clip: Any) -> None:
    streamed = _poses(_stream(clip))
    mesh, seen = CentredMesh.from_model(clip.model, 2000), np.ones(len(clip.T), np.bool_)
    whole = solve_object_clip(mesh, clip.camera, clip.records, _poses(clip.estimates), seen, ObjectSolverConfig()).T
    assert rotation_error(streamed, whole).max() < np.radians(2.0)
    assert translation_error(streamed, whole).max() < 0.005
    assert clip.object_errors(streamed)[0] < clip.object_errors(_poses(clip.estimates))[0] / 3
    moved, true = (np.diff(transform_points(T, clip.model.vertices), axis=0) for T in (streamed, clip.T))
    steps = np.linalg.norm(moved, axis=-1).mean(1) / np.linalg.norm(true, axis=-1).mean(1)
    seams = np.zeros(len(steps), np.bool_)
    seams[WINDOW - 1 :: WINDOW] = True
    assert steps[seams].mean() < 1.2 * steps[~seams].mean()


def test_lost_frames_are_bridged_and_stay_lost(clip: Any) -> None:
    lost = clip.lose(range(12, 15))
    streamed = _stream(lost)
    assert [e.state == ObjectState.LOST for e in streamed] == [12 <= i < 15 for i in range(30)]
    spread = [float(np.trace(e.covariance)) for e in streamed]
    assert min(spread[12:15]) > np.median(spread)


def test_what_cannot_be_smoothed_is_left_as_it_was(clip: Any) -> None:
    nothing = clip.part(5).lose(range(5))
    window = ObjectWindow(clip.model, ObjectSolverConfig())
    assert window.smoothed(clip.camera, nothing.records, nothing.estimates) == nothing.estimates
