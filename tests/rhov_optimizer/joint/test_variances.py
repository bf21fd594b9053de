"""What a clip tells about its own outlines and motion."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.arrays import FloatArray
from rhov_core.metrics.temporal import rotation_jitter
from rhov_core.pose import exp_rotation, make_transform, perturb
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import solve_object_clip
from rhov_optimizer.joint.residuals.smoothness import Smoothness
from rhov_optimizer.joint.variances import Variances
from rhov_optimizer.registration.mesh import CentredMesh

STAMPS = np.arange(90) / 30


def _assumed(stamps: FloatArray = STAMPS) -> Variances:
    return Variances.assumed(stamps, ObjectSolverConfig())


def test_strokes_and_pauses_get_variances_of_their_own() -> None:
    variances, rng = _assumed(), np.random.default_rng(0)
    true = np.ones((88, 6)) * np.repeat([0.05, 0.3], 3)
    true[44:] = np.repeat([1.5, 10.0], 3)
    variances.learn_motion(np.square(true * rng.normal(size=true.shape)))
    deviation = np.sqrt(variances.motion)
    usual = ObjectSolverConfig().acceleration, ObjectSolverConfig().angular_acceleration
    for column, assumed in zip((0, 3), usual, strict=True):
        assert np.median(deviation[:30, column]) < 0.4 * assumed
        np.testing.assert_allclose(np.median(deviation[-30:, column]), true[-1, column], rtol=0.3)


def test_motion_is_never_taken_to_be_impossible() -> None:
    config = ObjectSolverConfig()
    variances = _assumed()
    variances.learn_motion(np.zeros((88, 6)))
    assert (np.sqrt(variances.motion[:, :3]) >= config.least_acceleration).all()
    assert (np.sqrt(variances.motion[:, 3:]) >= config.least_angular_acceleration).all()


def test_jumps_are_not_taken_for_motion() -> None:
    config, variances = ObjectSolverConfig(), _assumed()
    variances.learn_motion(np.full((88, 6), 1e6))
    np.testing.assert_allclose(np.sqrt(variances.motion[:, :3]), config.most_acceleration)
    np.testing.assert_allclose(np.sqrt(variances.motion[:, 3:]), config.most_angular_acceleration)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_clips_keep_what_is_assumed(count: int) -> None:
    variances = _assumed(STAMPS[:count])
    before = variances.motion.copy()
    variances.learn_motion(before)
    np.testing.assert_allclose(variances.motion, before)
    variances.learn_outlines(np.zeros((count, 6)), np.zeros((count, 6, 6)), np.zeros((count, 6, 6)))
    assert variances.outline_trust == 1.0


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_trust_in_outlines_is_the_inverse_variance_of_what_they_measure(noise: float) -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(400, 6, 6)) * np.repeat([1000.0, 100.0], 3)
    hessian = np.swapaxes(root, 1, 2) @ root
    # Outlines measure poses that are known exactly, with `noise` times the deviation that they claim.
    error = noise * np.linalg.solve(root, rng.normal(size=(400, 6, 1)))
    gradient = (hessian @ error)[..., 0]
    variances = _assumed()
    variances.learn_outlines(gradient, hessian, np.zeros((400, 6, 6)))
    assert variances.outline_trust == pytest.approx(noise**-2, rel=0.15)


def test_covariance_of_the_poses_explains_part_of_the_motion() -> None:
    T = make_transform(exp_rotation(STAMPS[:, None] * [[0.3, 0.1, 0.2]]), STAMPS[:, None] * [[0.1, 0.0, 0.1]])
    prior = Smoothness(STAMPS, np.zeros(90, np.bool_), np.ones(6))
    sure = prior.expected_squares(T, np.zeros((3, 90, 6, 6)))
    unsure = np.zeros((3, 90, 6, 6))
    unsure[0] = 1e-6 * np.eye(6)
    assert sure.max() < 1e-12
    np.testing.assert_allclose(prior.expected_squares(T, unsure)[:, :3], 6e-6 * 30**4, rtol=1e-6)


def test_a_clip_of_strokes_is_followed_and_a_still_one_kept_still(clip_factory: Callable[..., Any]) -> None:
    base = clip_factory(24, seed=4)
    mesh, seen = CentredMesh.from_model(base.model, 500), np.ones(24, np.bool_)
    jitter = {}
    for learn in (False, True):
        config = ObjectSolverConfig(learn_variances=learn)
        T = np.stack([estimate.T_camera_object for estimate in base.estimates])
        solution = solve_object_clip(mesh, base.camera, base.records, T, seen, config)
        jitter[learn] = float(np.median(rotation_jitter(solution.T[:, :3, :3])))
    assert jitter[True] < 1.2 * jitter[False]
    strokes = _in_strokes(base)
    errors = {}
    seen = np.ones(len(strokes.T), np.bool_)
    for learn in (False, True):
        config = ObjectSolverConfig(learn_variances=learn, flow_weight=0.0, feature_weight=0.0)
        solution = solve_object_clip(mesh, strokes.camera, strokes.records, strokes.T, seen, config)
        errors[learn] = strokes.object_errors(solution.T)[0]
    assert errors[True] < 0.7 * errors[False]


def _in_strokes(clip: Any) -> Any:
    """The clip's outlines only, played in fast strokes with pauses."""
    order = np.r_[[0] * 5, 0:24:4, [23] * 4, 23:-1:-4, [0] * 3]
    records = [
        dataclasses.replace(clip.records[j], frame_index=i, stamp=i / 30, flow_source=np.zeros((0, 2)),
                            flow_target=np.zeros((0, 2)), match_keyframe=np.zeros(0), match_source=np.zeros((0, 2)),
                            match_target=np.zeros((0, 2)))
        for i, j in enumerate(order)
    ]  # fmt: skip
    return dataclasses.replace(clip, records=records, T=perturb(clip.T[order], np.zeros(6)))
