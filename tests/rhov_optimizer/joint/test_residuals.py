"""Jacobians of the Gauss-Newton residuals against finite differences, and their zeros."""

from typing import Any

import numpy as np
import pytest

from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation, log_rotation, make_transform, perturb
from rhov_optimizer.joint.clip_system import ClipSystem
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.residuals.contour import ContourResidual
from rhov_optimizer.joint.residuals.smoothness import Smoothness, inverse_left_jacobian
from rhov_optimizer.joint.residuals.tracks import Transfer, feature_transfers, flow_transfers
from rhov_optimizer.joint.residuals.transfer import SurfacePoints, add_transfer
from rhov_optimizer.registration.jacobian import project
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView

STEP = 1e-6


def _dense(system: ClipSystem) -> FloatArray:
    """H of a small system, column by column from its own solution: H x = -g."""
    size = 6 * system.count
    inverse = np.empty((size, size))
    for i in range(size):
        system.gradient = -np.eye(size)[i].reshape(-1, 6)
        inverse[:, i] = system.solve(0.0).ravel()
    return np.linalg.inv(inverse)


@pytest.mark.parametrize("size", [0.0, 1e-6, 0.3, 2.0])
def test_inverse_left_jacobian(size: float) -> None:
    w = size * np.array([0.6, -0.64, 0.48])
    J = inverse_left_jacobian(w[None])[0]
    for axis in range(3):
        d = np.zeros(3)
        d[axis] = 1e-6
        numeric = (
            log_rotation(exp_rotation(d) @ exp_rotation(w)) - log_rotation(exp_rotation(-d) @ exp_rotation(w))
        ) / 2e-6
        np.testing.assert_allclose(J[:, axis], numeric, atol=1e-7)


def _transfer_setup(clip: Any) -> tuple[CentredMesh, Transfer, FloatArray, FloatArray]:
    mesh = CentredMesh.from_model(clip.model, 500)
    record = clip.records[1]
    transfer = Transfer(0, 1, record.flow_source, record.flow_target, 1.0, 1.0)
    return mesh, transfer, mesh.centred(clip.T[0]), mesh.centred(clip.T[1])


def test_surface_points_slide_as_their_jacobian_says(true_clip: Any) -> None:
    mesh, transfer, T, _ = _transfer_setup(true_clip)
    view = SurfaceView.draw(mesh, true_clip.camera, T)
    assert view is not None
    surface = SurfacePoints.cast(view, transfer.source_pixels)
    assert surface.usable.mean() > 0.8
    for axis in range(6):
        tangent = np.eye(6)[axis] * STEP
        moved = []
        for sign in (1, -1):
            # The same faces as before: only the pose in the view changes.
            shifted = SurfaceView(
                perturb(T, sign * tangent), view.x0, view.y0, view.face_id, view.inverse_depth, mesh, true_clip.camera
            )
            moved.append(shifted.unproject(transfer.source_pixels)[0])
        numeric = (moved[0] - moved[1]) / (2 * STEP)
        np.testing.assert_allclose(surface.jacobian[surface.usable, :, axis], numeric[surface.usable], atol=2e-6)


def test_transfer_normal_equations_are_those_of_the_residuals(true_clip: Any) -> None:
    mesh, transfer, T0, T1 = _transfer_setup(true_clip)
    T1 = perturb(T1, [0.001, -0.002, 0.003, 0.004, 0.003, -0.002])
    camera, K = true_clip.camera, true_clip.camera.K
    view = SurfaceView.draw(mesh, camera, T0)
    assert view is not None
    surface = SurfacePoints.cast(view, transfer.source_pixels)
    use = surface.usable

    def residuals(first: FloatArray, second: FloatArray) -> FloatArray:
        shifted = SurfaceView(first, view.x0, view.y0, view.face_id, view.inverse_depth, mesh, camera)
        points = shifted.unproject(transfer.source_pixels)[0][use]
        return (project(points, second, K) - transfer.target_pixels[use]).ravel()

    J = np.empty((2 * int(use.sum()), 12))
    for axis in range(12):
        tangent = np.zeros(12)
        tangent[axis] = STEP
        ahead, behind = (
            residuals(perturb(T0, sign * tangent[:6]), perturb(T1, sign * tangent[6:])) for sign in (1, -1)
        )
        J[:, axis] = (ahead - behind) / (2 * STEP)
    system = ClipSystem(2, [0])
    add_transfer(system, transfer, surface, T1, K, kernel_scale=1e6)
    gradient = system.gradient.ravel().copy()
    np.testing.assert_allclose(gradient, J.T @ residuals(T0, T1), rtol=1e-3, atol=1e-2 * np.abs(gradient).max())
    # Both poses moved together leave the residuals alone, so H needs a prior to be inverted; subtract it again.
    prior = 1e5 * np.eye(6)
    for frame in (0, 1):
        system.add(frame, prior, np.zeros(6))
    H = _dense(system) - 1e5 * np.eye(12)
    np.testing.assert_allclose(H, J.T @ J, rtol=1e-3, atol=1e-5 * np.abs(J.T @ J).max())


def test_transfers_vanish_at_the_truth(true_clip: Any) -> None:
    mesh, transfer, T0, T1 = _transfer_setup(true_clip)
    view = SurfaceView.draw(mesh, true_clip.camera, T0)
    assert view is not None
    system = ClipSystem(2)
    surface = SurfacePoints.cast(view, transfer.source_pixels)
    add_transfer(system, transfer, surface, T1, true_clip.camera.K, kernel_scale=1.0)
    for frame in (0, 1):
        system.add(frame, np.eye(6), np.zeros(6))
    assert np.abs(system.solve()).max() < 1e-5


def test_tracks_leave_out_what_was_not_seen(clip: Any) -> None:
    config = ObjectSolverConfig(flow_points=10, feature_points=7)
    seen = np.ones(len(clip.records), np.bool_)
    seen[3] = False
    flow = flow_transfers(clip.records, seen, config)
    assert {t.target for t in flow} == set(range(1, 30)) - {3, 4}
    assert all(len(t.source_pixels) <= 10 and t.source == t.target - 1 for t in flow)
    features = feature_transfers(clip.records, seen, config)
    assert {t.source for t in features} == {0, 15}
    assert 3 not in {t.target for t in features}
    assert max(len(t.target_pixels) for t in features) == 7
    seen[15] = False
    assert {t.source for t in feature_transfers(clip.records, seen, config)} == {0}
    assert feature_transfers(clip.records[5:10], seen[5:10], config) == []


def _smoothness(count: int, unseen: tuple[int, ...] = ()) -> tuple[Smoothness, FloatArray, FloatArray]:
    stamps = np.cumsum(np.r_[0.0, 0.03 + 0.02 * (np.arange(count - 1) % 2)])
    lost = np.zeros(count, np.bool_)
    lost[list(unseen)] = True
    w = 0.4 * stamps[:, None] * [1.0, -0.5, 0.3] + 0.05 * stamps[:, None] ** 2
    T = make_transform(exp_rotation(w), stamps[:, None] * [0.1, 0.2, 0.0] + [0, 0, 0.5])
    return Smoothness(stamps, lost, np.repeat([0.5, 1.0], 3)), T, stamps


def _variance(count: int) -> FloatArray:
    return np.linspace(1.0, 2.0, count - 2)[:, None] * np.repeat([1.0, 25.0], 3)


def test_smoothness_is_indifferent_to_steady_motion_at_uneven_frames() -> None:
    prior, _, stamps = _smoothness(5)
    T = make_transform(exp_rotation(stamps[:, None] * [[0.5, 0.2, -0.4]]), stamps[:, None] * [[0.3, 0, 0.1]])
    system = ClipSystem(5)
    prior.linearise(T, _variance(5), system)
    assert np.abs(system.gradient).max() < 1e-8


def test_smoothness_normal_equations_are_those_of_the_residuals() -> None:
    prior, T, stamps = _smoothness(4, unseen=(3,))
    dt, sigma = np.diff(stamps), np.sqrt(_variance(4))

    def residuals(tangents: FloatArray) -> FloatArray:
        poses = perturb(T, tangents.reshape(4, 6))
        turn = log_rotation(poses[1:, :3, :3] @ np.swapaxes(poses[:-1, :3, :3], 1, 2))
        velocity = np.concatenate([np.diff(poses[:, :3, 3], axis=0), turn], 1) / dt[:, None]
        acceleration = np.diff(velocity, axis=0) / ((dt[1:] + dt[:-1]) / 2)[:, None]
        return np.concatenate([(acceleration / sigma).ravel(), velocity[2] / np.repeat([0.5, 1.0], 3)])

    J = np.empty((18, 24))
    for axis in range(24):
        tangent = np.eye(24)[axis] * STEP
        J[:, axis] = (residuals(tangent) - residuals(-tangent)) / (2 * STEP)
    system = ClipSystem(4)
    prior.linearise(T, _variance(4), system)
    np.testing.assert_allclose(system.gradient.ravel(), J.T @ residuals(np.zeros(24)), rtol=1e-5, atol=1e-4)
    for frame in range(4):
        system.add(frame, 1e3 * np.eye(6), np.zeros(6))
    np.testing.assert_allclose(_dense(system) - 1e3 * np.eye(24), J.T @ J, atol=1e-6 * np.abs(J.T @ J).max())


def test_expected_squares_of_accelerations_are_those_of_drawn_poses() -> None:
    prior, T, stamps = _smoothness(5)
    rng = np.random.default_rng(0)
    root = 1e-3 * rng.normal(size=(30, 30))
    blocks = (root @ root.T).reshape(5, 6, 5, 6).transpose(0, 2, 1, 3)
    covariances = np.zeros((3, 5, 6, 6))
    for gap in range(3):
        covariances[gap, : 5 - gap] = blocks[np.arange(5 - gap), np.arange(gap, 5)]
    dt = np.diff(stamps)
    drawn = []
    for tangents in rng.normal(size=(4000, 30)) @ root.T:
        poses = perturb(T, tangents.reshape(5, 6))
        turn = log_rotation(poses[1:, :3, :3] @ np.swapaxes(poses[:-1, :3, :3], 1, 2))
        velocity = np.concatenate([np.diff(poses[:, :3, 3], axis=0), turn], 1) / dt[:, None]
        drawn.append(np.square(np.diff(velocity, axis=0) / ((dt[1:] + dt[:-1]) / 2)[:, None]))
    np.testing.assert_allclose(prior.expected_squares(T, covariances), np.mean(drawn, axis=0), rtol=0.15)


def test_contour_pulls_a_displaced_pose_back(true_clip: Any) -> None:
    config = ObjectSolverConfig()
    mesh = CentredMesh.from_model(true_clip.model, 500)
    T = mesh.centred(true_clip.T[0])
    contour = ContourResidual(mesh, true_clip.camera, config)
    offset = np.array([0.002, -0.0015, 0.0, 0.0, 0.0, 0.01])
    moved = perturb(T, offset)
    for _ in range(4):
        system = ClipSystem(1)
        contour.linearise(0, true_clip.records[0], moved, 2.0, system)
        moved = perturb(moved, system.solve()[0])
    angle = np.linalg.norm(log_rotation(moved[:3, :3] @ T[:3, :3].T))
    assert np.linalg.norm(moved[:2, 3] - T[:2, 3]) < 0.0005
    assert angle < 0.01
