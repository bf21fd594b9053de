"""Depth in the Gauss-Newton solver."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhov_core.arrays import FloatArray
from rhov_core.pose import log_rotation, perturb
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.depth_cue import normalised, object_depths
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import solve_object_clip
from rhov_optimizer.joint.residuals.depth import DepthResidual, surface_depth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView

STEP = 1e-6
DEPTH_ALONE = {"contour_weight": 0.0, "feature_weight": 0.0, "flow_weight": 0.0, "smoothness_weight": 0.0}


@pytest.fixture(scope="module")
def clips(clip_factory: Callable[..., Any]) -> dict[str, Any]:
    exact = {"rotation_noise": 0.0, "translation_noise": 0.0, "hand_noise": 0.0, "pixel_noise": 0.0}
    return {depth: clip_factory(4, depth=depth, **exact) for depth in ("metric", "relative")}


def _view(clip: Any, T: FloatArray) -> SurfaceView:
    mesh = CentredMesh.from_model(clip.model, 500)
    view = SurfaceView.draw(mesh, clip.camera, mesh.centred(T))
    assert view is not None
    return view


def _system(clip: Any, T: FloatArray, **settings: Any) -> tuple[FloatArray, FloatArray]:
    """H (6, 6) and g (6,) of the first frame's depth."""
    residual = DepthResidual(ObjectSolverConfig(**settings), metric=True)
    assert residual.applies(0, clip.records[0])
    system = ClipSystem(1)
    residual.linearise(0, clip.records[0], _view(clip, T), 1e3, system)
    return system._diagonal[0], system.gradient[0]


def test_surface_depth_moves_as_its_derivative_says(clips: dict[str, Any]) -> None:
    clip = clips["metric"]
    view = _view(clip, clip.T[0])
    pixels, _ = object_depths(clip.records[0]) or (np.zeros((0, 2)), None)
    z, J, usable = surface_depth(view, pixels)
    assert usable.mean() > 0.8
    for axis in range(6):
        moved = []
        for sign in (1, -1):
            # The same faces as before: only the pose changes.
            shifted = dataclasses.replace(view, T=perturb(view.T, sign * STEP * np.eye(6)[axis]))
            points, _ = shifted.unproject(pixels)
            moved.append(points @ shifted.T[2, :3] + shifted.T[2, 3])
        np.testing.assert_allclose(J[usable, axis], ((moved[0] - moved[1]) / (2 * STEP))[usable], atol=2e-6)
    assert np.median(np.abs(z - clip.records[0].depth[tuple(pixels[:, ::-1].astype(int).T // 4)])) < 1e-4


@pytest.mark.parametrize("depth", ["metric", "relative"])
def test_normal_equations_are_those_of_the_residuals(depth: str, clips: dict[str, Any]) -> None:
    clip = clips[depth]
    T = perturb(clip.T[0], [0.001, -0.001, 0.004, 0.04, -0.03, 0.02])
    H, g = _system(clip, T, depth_points=10_000, depth_weight=1.0)
    view = _view(clip, T)
    pixels, depths = object_depths(clip.records[0]) or (np.zeros((0, 2)), np.zeros(0))
    on = view.inside(pixels, 2)
    pixels, depths = pixels[on], depths[on]
    usable = surface_depth(view, pixels)[2]
    even = np.ones(int(usable.sum()))

    def residuals(tangent: FloatArray) -> FloatArray:
        shifted = dataclasses.replace(view, T=perturb(view.T, tangent))
        z = surface_depth(shifted, pixels)[0][usable]
        if depth == "metric":
            return (z - depths[usable]) / ObjectSolverConfig().depth_sigma
        ours, theirs = normalised(z, even)[0], normalised(depths[usable], even)[0]
        return (ours - theirs) / ObjectSolverConfig().depth_relative_sigma

    tangents = STEP * np.eye(6)
    J = np.stack([(residuals(t) - residuals(-t)) / (2 * STEP) for t in tangents], 1)
    relief = np.trace(H) / np.trace(J.T @ J)  # one for metric depth, less for relative depth
    assert relief == pytest.approx(1.0, rel=1e-3) if depth == "metric" else 0.3 < relief < 1.0
    np.testing.assert_allclose(H, relief * (J.T @ J), atol=1e-3 * np.abs(H).max())
    np.testing.assert_allclose(g, relief * (J.T @ residuals(np.zeros(6))), atol=1e-3 * np.abs(g).max())


@pytest.mark.parametrize(("depth", "left"), [("metric", 0.2), ("relative", 1.4)])
def test_no_pull_at_the_truth_and_back_to_it_when_turned(depth: str, left: float, clips: dict[str, Any]) -> None:
    clip = clips[depth]
    mesh = CentredMesh.from_model(clip.model, 500)
    turned = np.stack([perturb(T, [0, 0, 0, 0.06, -0.05, 0.0]) for T in clip.T])
    seen = np.ones(len(turned), np.bool_)
    faint = {"contour_weight": 0.01, "contour_least_sigma": 1.5, "learn_variances": False}
    config = ObjectSolverConfig(**{**DEPTH_ALONE, **faint, "iterations": 15})
    solution = solve_object_clip(mesh, clip.camera, clip.records, turned, seen, config)
    angles = [
        np.degrees(np.linalg.norm(log_rotation(T[:, :3, :3] @ np.swapaxes(clip.T[:, :3, :3], 1, 2)), axis=1).max())
        for T in (turned, solution.T)
    ]
    assert angles[0] > 4
    assert angles[1] < left  # without metric depth it keeps wandering, by up to 1.1 degrees


def test_metric_depth_finds_the_distance_and_relative_depth_knows_none(clips: dict[str, Any]) -> None:
    for depth, found in (("metric", True), ("relative", False)):
        clip = clips[depth]
        along = np.r_[clip.T[0, :3, 3] / clip.T[0, 2, 3], np.zeros(3)]
        H, g = _system(clip, perturb(clip.T[0], 0.02 * along))
        if found:
            assert -(g @ along) / (along @ H @ along) == pytest.approx(-0.02, rel=0.05)
        else:
            assert along @ H @ along < 0.05 * np.abs(H[:3, :3]).max()


def test_scaling_about_the_camera_changes_nothing(clips: dict[str, Any]) -> None:
    clip = clips["relative"]
    T = perturb(clip.T[0], [0, 0, 0, 0.05, 0.0, 0.0])
    larger = dataclasses.replace(clip, model=dataclasses.replace(clip.model, vertices=1.7 * clip.model.vertices))
    far = T.copy()
    far[:3, 3] *= 1.7
    (H, g), (scaled_H, scaled_g) = _system(clip, T), _system(larger, far)
    np.testing.assert_allclose(scaled_H[3:, 3:], H[3:, 3:], rtol=1e-3, atol=1e-3 * np.abs(H[3:, 3:]).max())
    np.testing.assert_allclose(scaled_g[3:], g[3:], rtol=1e-3, atol=1e-3 * np.abs(g[3:]).max())


def test_background_in_the_mask_is_an_outlier(clips: dict[str, Any]) -> None:
    clip = clips["relative"]
    record = clip.records[0]
    depth = record.depth.copy()
    depth[:, ::6] += 5.0
    spoilt = dataclasses.replace(clip, records=[dataclasses.replace(record, depth=depth)])
    steps = []
    for changed in (clip, spoilt):
        residual = DepthResidual(ObjectSolverConfig(), metric=True)
        T = perturb(clip.T[0], [0, 0, 0, 0.05, 0.0, 0.0])
        system = ClipSystem(1)
        assert residual.applies(0, changed.records[0])
        residual.linearise(0, changed.records[0], _view(clip, T), 1.0, system)
        system.add(0, 1e-2 * np.eye(6), np.zeros(6))
        steps.append(system.solve()[0, 3:])
    np.testing.assert_allclose(steps[1], steps[0], atol=0.03)


def test_depth_turns_a_noisy_clip_better(clip_factory: Callable[..., Any]) -> None:
    weights = (0.0, ObjectSolverConfig().depth_weight)
    errors = np.zeros((2, 3, 2))  # by weight and clip: rotation, position
    for row, seed in np.ndindex(2, 3):
        clip = clip_factory(12, depth="metric", seed=4 + seed)
        mesh = CentredMesh.from_model(clip.model, 500)
        T = np.stack([estimate.T_camera_object for estimate in clip.estimates])
        config = ObjectSolverConfig(depth_weight=weights[row], feature_weight=0.0)
        solution = solve_object_clip(mesh, clip.camera, clip.records, T, np.ones(len(T), np.bool_), config)
        errors[row, seed] = clip.object_errors(solution.T)
    without, with_depth = errors.mean(1)
    assert with_depth[0] < without[0]
    assert with_depth[1] < 1.15 * without[1]  # a third of a millimetre, which the outline gives already


def test_a_frame_without_depth_on_the_object_is_left_out(clips: dict[str, Any], true_clip: Any) -> None:
    residual = DepthResidual(ObjectSolverConfig(), metric=True)
    assert not residual.applies(0, true_clip.records[0])
    record = clips["metric"].records[0]
    assert not residual.applies(1, dataclasses.replace(record, depth=np.full_like(record.depth, np.nan)))
    assert not residual.applies(2, dataclasses.replace(record, object_mask=None))
    assert not DepthResidual(ObjectSolverConfig(depth_weight=0.0), metric=True).applies(0, record)
