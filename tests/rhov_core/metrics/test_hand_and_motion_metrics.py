"""Hand joints, smoothness, masks, contact and calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhov_core import metrics
from rhov_core.pose import exp_rotation

seeds = st.integers(0, 2**31)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_alignments_remove_what_they_say(seed):
    rng = np.random.default_rng(seed)
    joints = rng.normal(size=(4, 21, 3)) * 0.05
    moved = joints + rng.normal(size=3)
    turned = 1.3 * moved @ exp_rotation(rng.normal(size=3)).T + rng.normal(size=3)
    d = np.linalg.norm((moved - joints)[0, 0])
    assert metrics.mpjpe_absolute(moved, joints) == pytest.approx(np.full(4, d))
    assert metrics.mpjpe_root_relative(moved, joints) == pytest.approx(np.zeros(4), abs=1e-12)
    assert metrics.mpjpe_root_relative(turned, joints).min() > 1e-3
    assert metrics.mpjpe_procrustes(turned, joints) == pytest.approx(np.zeros(4), abs=1e-9)
    rigid = metrics.align_procrustes(turned, joints, scale=False)
    assert np.linalg.norm(rigid - joints, axis=-1).max() > 1e-4


def test_procrustes_does_not_reflect():
    joints = np.random.default_rng(0).normal(size=(21, 3))
    assert metrics.mpjpe_procrustes(joints * [-1, 1, 1], joints) > 0.1


def test_root_relative_of_one_moved_joint():
    joints = np.random.default_rng(0).normal(size=(21, 3))
    moved = joints.copy()
    moved[5, 0] += 0.21
    assert metrics.mpjpe_root_relative(moved, joints) == pytest.approx(0.01)


def test_temporal_distance_and_accelerations():
    base = np.random.default_rng(0).normal(size=(1, 30, 3))
    steady = base + np.arange(10)[:, None, None] * [0.004, 0, 0.003]
    assert metrics.temporal_distance(steady) == pytest.approx(0.005)
    assert metrics.temporal_distance(steady[:1]) == 0
    t = np.arange(10) / 30
    falling = base + (0.5 * 9.81 * t**2)[:, None, None] * [0, 1, 0]
    assert metrics.acceleration_error(falling, steady, 30) == pytest.approx(9.81)
    jump = steady.copy()
    jump[5] += 1
    use = np.arange(10) != 5
    assert metrics.temporal_distance(jump, use) == pytest.approx(0.005)
    assert metrics.acceleration_error(jump, steady, 30, use) == pytest.approx(0, abs=1e-9)
    assert np.isnan(metrics.acceleration_error(steady[:2], steady[:2], 30))
    assert metrics.translation_jitter(falling[:, 0]) == pytest.approx(np.full(8, 9.81 / 900))


def test_rotation_jitter_of_constant_and_changing_rate():
    about_z = exp_rotation(np.outer(np.arange(6) * 0.1, [0, 0, 1]))
    assert metrics.rotation_jitter(about_z) == pytest.approx(np.zeros(4), abs=1e-9)
    faster = exp_rotation(np.outer(0.01 * np.arange(6) ** 2, [0, 0, 1]))
    assert metrics.rotation_jitter(faster) == pytest.approx(np.full(4, 0.02))


def test_scale_wobble():
    assert metrics.scale_wobble([1.2, 1.2]) == 0
    assert metrics.scale_wobble([0.9, 1.1]) == pytest.approx(0.1)


def test_mask_iou():
    a = np.zeros((4, 4), bool)
    a[:2] = True
    b = np.zeros((4, 4), bool)
    b[1:3] = True
    assert metrics.mask_iou(a, b) == pytest.approx(1 / 3)
    ignore = np.zeros((4, 4), bool)
    ignore[2] = True
    assert metrics.mask_iou(a, b, ignore) == pytest.approx(1 / 2)
    assert np.isnan(metrics.mask_iou(np.zeros((2, 2)), np.zeros((2, 2))))


def sphere(radius, centre=(0, 0, 0)):
    return lambda p: np.linalg.norm(p - np.asarray(centre), axis=-1) - radius


def test_penetration():
    vertices = np.array([[0.02, 0, 0], [0.045, 0, 0], [0.2, 0, 0]])
    assert metrics.penetration_depth(vertices, sphere(0.05)) == pytest.approx(0.03)
    assert metrics.penetration_depth(vertices[2:], sphere(0.05)) == 0
    volume = metrics.penetration_volume(sphere(0.03), sphere(0.05), [[-0.06] * 3, [0.06] * 3], 0.002)
    assert volume == pytest.approx(4 / 3 * np.pi * 0.03**3, rel=0.02)
    apart = metrics.penetration_volume(sphere(0.03, (0.2, 0, 0)), sphere(0.05), [[-0.06] * 3, [0.06] * 3])
    assert apart == 0


def test_contact_ratio():
    distances = np.array([[0.004, 0.2], [0.006, 0.02], [-0.001, 0.3], [0.1, 0.1]])
    assert metrics.contact_ratio(distances) == 0.5


def test_calibration_of_honest_and_of_overconfident_covariances():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(6, 6))
    covariance = A @ A.T + np.eye(6)
    errors = rng.multivariate_normal(np.zeros(6), covariance, 4000)
    repeated = np.repeat(covariance[None], len(errors), axis=0)
    assert metrics.normalised_squared_error(errors, repeated).mean() == pytest.approx(6, rel=0.05)
    assert metrics.ellipsoid_coverage(errors, repeated) == pytest.approx(0.95, abs=0.012)
    assert metrics.ellipsoid_coverage(errors, repeated / 9) < 0.3
