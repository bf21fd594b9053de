import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.pose import exp_rotation, make_transform, rotation_angle, transform_points
from rhov_core.render import rasterize
from rhov_optimizer.initialise.config import InitialPoseConfig
from rhov_optimizer.initialise.coverage import moments, overlaps
from rhov_optimizer.initialise.sweep import Target, sweep, widen
from rhov_optimizer.registration.mesh import CentredMesh

CAMERA = Camera.from_focal(600.0, 640, 480)
SMALL = CAMERA.scaled(80, 60)


@pytest.fixture(scope="module")
def mesh(model):
    return CentredMesh.from_model(model, 300)


@pytest.fixture(scope="module")
def poses():
    rng = np.random.default_rng(0)
    t = np.stack([rng.uniform(-0.1, 0.1, 20), rng.uniform(-0.1, 0.1, 20), rng.uniform(0.4, 0.8, 20)], 1)
    return make_transform(exp_rotation(rng.normal(0, 1.5, (20, 3))), t)


def drawn(mesh, poses, camera):
    return rasterize(transform_points(poses, mesh.vertices), mesh.faces, camera)[0] >= 0


def test_moments_are_those_of_the_rasterised_silhouettes(mesh, poses):
    got = moments(mesh.vertices, mesh.faces, poses, CAMERA)
    for row, silhouette in zip(got, drawn(mesh, poses, CAMERA), strict=True):
        rows, columns = np.nonzero(silhouette)
        assert row[0] == pytest.approx(len(rows), rel=0.01)
        assert row[1:] == pytest.approx([columns.mean(), rows.mean()], abs=0.3)


def test_overlaps_are_those_of_the_rasterised_silhouettes(mesh, poses):
    silhouettes = drawn(mesh, poses, SMALL)
    ignored = np.zeros((60, 80), np.bool_)
    ignored[:, 35:42] = True
    got = overlaps(mesh.vertices, mesh.faces, poses, SMALL, silhouettes[0], ignored)
    union = (silhouettes | silhouettes[0]) & ~ignored
    common = (silhouettes & silhouettes[0]) & ~ignored
    assert got == pytest.approx(common.sum((1, 2)) / union.sum((1, 2)), abs=0.02)
    assert got[0] == pytest.approx(1.0, abs=0.02)


def test_a_pose_behind_the_camera_covers_nothing(mesh):
    behind = make_transform(np.eye(3), [0, 0, -0.5])[None]
    assert moments(mesh.vertices, mesh.faces, behind, CAMERA)[0, 0] == 0


def test_the_best_views_of_the_sweep_are_near_the_truth(mesh, poses):
    for T in poses[:5]:
        mask = drawn(mesh, T[None], CAMERA)[0]
        found, score = sweep(mesh, CAMERA, Target.from_masks(mask, None, 6), InitialPoseConfig())
        assert len(found) == 7200
        best = np.argsort(-score)[:40]
        assert score[best[0]] > 0.85
        angle = np.degrees(rotation_angle(found[best, :3, :3] @ T[:3, :3].T))
        near = best[angle < 15]
        assert len(near)
        assert np.abs(found[near[0], :3, 3] - T[:3, 3]).max() < 0.05 * T[2, 3]


def test_what_the_hand_hides_is_guessed_and_ignored(mesh, poses):
    whole = drawn(mesh, poses[:1], CAMERA)[0]
    rows = np.flatnonzero(whole.any(1))
    hand = np.zeros_like(whole)
    middle = (rows[0] + rows[-1]) // 2
    hand[middle - 10 : middle + 10] = True
    target = Target.from_masks(whole & ~hand, hand, 6)
    visible = np.count_nonzero(whole & ~hand)
    assert visible < target.area and target.area == pytest.approx(whole.sum(), rel=0.1)
    assert (target.ignored & ~hand).any() and (target.ignored | ~hand).all()


def test_widen_grows_by_its_margin():
    mask = np.zeros((30, 30), np.bool_)
    mask[15, 15] = True
    wide = widen(mask, 4)
    assert wide[15, 11:20].all() and not wide[15, 10] and not wide[11, 11]
    assert np.array_equal(widen(mask, 0), mask)
