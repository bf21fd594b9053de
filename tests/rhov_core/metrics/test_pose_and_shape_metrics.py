"""A perturbed truth gives exactly the expected values."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from rhov_core import metrics
from rhov_core.camera import Camera
from rhov_core.mesh.symmetry import find_symmetries
from rhov_core.pose import exp_rotation, inverse, make_transform, transform_points

seeds = st.integers(0, 2**31)


def random_pose(rng, depth=0.8):
    return make_transform(exp_rotation(rng.normal(size=3)), [*rng.uniform(-0.1, 0.1, 2), depth])


def random_points(rng, n=60):
    return rng.uniform(-0.05, 0.05, (n, 3))


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_translation_by_d_gives_d(seed):
    rng = np.random.default_rng(seed)
    T, points, shift = random_pose(rng), random_points(rng), rng.normal(size=3) * 0.02
    moved = T.copy()
    moved[:3, 3] += shift
    d = np.linalg.norm(shift)
    assert metrics.translation_error(moved, T) == pytest.approx(d)
    assert metrics.rotation_error(moved, T) == pytest.approx(0, abs=1e-9)
    assert metrics.add(moved, T, points) == pytest.approx(d)
    assert metrics.mssd(moved, T, points, np.eye(4)[None]) == pytest.approx(d)
    assert metrics.add_s(moved, T, points) <= d + 1e-12
    surface = transform_points(T, points)
    assert metrics.chamfer_translation_aligned(surface + shift, surface) == pytest.approx(0, abs=1e-12)


@given(seeds, st.floats(0.001, 3.1))
@settings(max_examples=30, deadline=None)
def test_rotation_by_an_angle_gives_the_angle(seed, angle):
    rng = np.random.default_rng(seed)
    T, axis = random_pose(rng), rng.normal(size=3)
    turned = T @ make_transform(exp_rotation(angle * axis / np.linalg.norm(axis)), np.zeros(3))
    assert metrics.rotation_error(turned, T) == pytest.approx(angle, abs=1e-7)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_symmetries_cost_nothing_in_symmetry_aware_metrics(seed):
    rng = np.random.default_rng(seed)
    quarter = make_transform(exp_rotation([0, 0, np.pi / 2]), np.zeros(3))
    about = make_transform(np.eye(3), rng.uniform(-0.02, 0.02, 3))  # the axis misses the origin of the frame
    symmetries = np.stack([about @ np.linalg.matrix_power(quarter, k) @ inverse(about) for k in range(4)])
    base = random_points(rng, 20)
    points = np.concatenate([transform_points(S, base) for S in symmetries])
    T = random_pose(rng)
    turned = T @ symmetries[rng.integers(1, 4)]
    assert metrics.rotation_error_symmetric(turned, T, symmetries) == pytest.approx(0, abs=1e-7)
    assert metrics.translation_error_symmetric(turned, T, symmetries) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(metrics.nearest_symmetric(turned, T, symmetries), turned, atol=1e-9)
    assert metrics.mssd(turned, T, points, symmetries) == pytest.approx(0, abs=1e-9)
    camera = Camera.from_focal(600, 640, 480)
    assert metrics.mspd(turned, T, points, symmetries, camera) == pytest.approx(0, abs=1e-5)
    assert metrics.add_s(turned, T, points) == pytest.approx(0, abs=1e-9)
    assert metrics.rotation_error(turned, T) > 1.5
    assert metrics.add(turned, T, points) > 1e-3


@given(seeds, st.floats(-3.1, 3.1), st.floats(0.001, 0.5), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_turn_about_an_axis_of_revolution_costs_nothing(seed, angle, tilt, flipped):
    rng = np.random.default_rng(seed)
    about = make_transform(exp_rotation(rng.normal(size=3)), rng.uniform(-0.02, 0.02, 3))
    turn = [make_transform(exp_rotation([0, 0, 2 * np.pi * k / 36]), np.zeros(3)) for k in range(36)]
    flip = make_transform(exp_rotation([np.pi, 0, 0]), np.zeros(3))
    symmetries = np.stack([about @ S @ inverse(about) for S in (*turn, *(S @ flip for S in turn))])
    T = random_pose(rng)
    same = T @ about @ make_transform(exp_rotation([0, 0, angle]), np.zeros(3)) @ (flip if flipped else np.eye(4))
    tilted = same @ make_transform(exp_rotation([tilt, 0, 0]), np.zeros(3)) @ inverse(about)
    same = same @ inverse(about)
    assert metrics.rotation_error_symmetric(same, T, symmetries) == pytest.approx(0, abs=1e-7)
    assert metrics.translation_error_symmetric(same, T, symmetries) == pytest.approx(0, abs=1e-9)
    assert metrics.rotation_error_symmetric(tilted, T, symmetries) == pytest.approx(tilt, abs=1e-7)


def test_a_sphere_looks_the_same_from_all_sides():
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.03)
    centre = np.array([0.02, -0.01, 0.03])
    symmetries = find_symmetries(ball.vertices + centre, ball.faces.astype(np.int32))
    rng = np.random.default_rng(0)
    T = np.stack([random_pose(rng) for _ in range(6)])
    turn = make_transform(exp_rotation(rng.normal(size=(6, 3))), np.zeros(3))
    about = make_transform(np.eye(3), centre)
    moved = T @ about @ turn @ inverse(about)
    shift = np.array([0.003, 0.0, 0.004])
    moved[:, :3, 3] += shift
    assert metrics.rotation_error_symmetric(moved, T, symmetries) == pytest.approx(np.zeros(6), abs=1e-7)
    assert metrics.translation_error_symmetric(moved, T, symmetries) == pytest.approx(np.full(6, 0.005), abs=1e-4)
    one = metrics.nearest_symmetric(moved[:, None], T[None], symmetries)
    assert one.shape == (6, 6, 4, 4)
    np.testing.assert_allclose(one[2, 2], metrics.nearest_symmetric(moved[2], T[2], symmetries))


def test_metrics_take_batches():
    rng = np.random.default_rng(0)
    T = np.stack([random_pose(rng) for _ in range(5)])
    shift = np.arange(5) * 0.01
    moved = T.copy()
    moved[:, 0, 3] += shift
    points = random_points(rng)
    assert metrics.add(moved, T, points) == pytest.approx(shift)
    assert metrics.translation_error(moved, T) == pytest.approx(shift)
    assert metrics.add_s(T, T, points).shape == (5,)
    assert metrics.rotation_error_symmetric(moved, T, np.eye(4)[None]) == pytest.approx(np.zeros(5), abs=1e-9)
    np.testing.assert_array_equal(metrics.nearest_symmetric(moved, T, np.eye(4)[None]), T)


def test_mspd_of_a_shift_parallel_to_the_image():
    camera = Camera.from_focal(500, 640, 480)
    points = np.array([[0, 0, 0.0], [0.05, 0, 0], [0, 0.05, 0]])
    T = make_transform(np.eye(3), [0, 0, 1.0])
    moved = make_transform(np.eye(3), [0.01, 0, 1.0])
    assert metrics.mspd(moved, T, points, np.eye(4)[None], camera) == pytest.approx(5.0)
    behind = make_transform(np.eye(3), [0, 0, -1.0])
    assert metrics.mspd(behind, T, points, np.eye(4)[None], camera) == np.inf


def test_chamfer_of_two_known_sets():
    a = np.array([[0, 0, 0.0], [1, 0, 0]])
    b = np.array([[0, 0, 0.0]])
    # from a: (0 + 1) / 2, from b: 0
    assert metrics.chamfer(a, b) == pytest.approx(0.25)


def test_area_under_curve():
    assert metrics.area_under_curve([0.0]) == 1.0
    assert metrics.area_under_curve([0.05, 0.2]) == pytest.approx(0.25)
    assert metrics.area_under_curve([np.nan, 0.0]) == pytest.approx(0.5)
    thresholds = np.linspace(0, 0.1, 20001)
    errors = np.random.default_rng(0).uniform(0, 0.15, 50)
    numeric = np.mean([(errors < t).mean() for t in thresholds])
    assert metrics.area_under_curve(errors) == pytest.approx(numeric, abs=1e-4)


FAR_CAMERA = Camera.from_focal(1e6, 10, 10)  # so narrow that depth is distance


class TestVisibleSurfaceDiscrepancy:
    def scene(self):
        truth = np.zeros((10, 10))
        truth[2:8, 2:8] = 1.0
        return truth

    def test_same_pose_has_no_error(self):
        truth = self.scene()
        assert metrics.vsd(truth, truth, np.full((10, 10), 2.0), 0.2, FAR_CAMERA) == pytest.approx(np.zeros(10))

    def test_shift_in_depth_is_wrong_below_its_tau(self):
        truth = self.scene()
        estimate = np.where(truth > 0, truth + 0.05, 0)  # a quarter of the diameter
        errors = metrics.vsd(estimate, truth, np.full((10, 10), 2.0), 0.2, FAR_CAMERA)
        assert errors == pytest.approx([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])

    def test_half_overlap(self):
        truth = self.scene()
        estimate = np.roll(truth, 3, axis=1)  # 18 pixels in both, 54 in either
        errors = metrics.vsd(estimate, truth, np.full((10, 10), 2.0), 0.2, FAR_CAMERA)
        assert errors == pytest.approx(np.full(10, 36 / 54))

    def test_what_the_scene_hides_does_not_count(self):
        truth = self.scene()
        scene = np.full((10, 10), 2.0)
        scene[:, 5:] = 0.5  # something in front of the right half
        estimate = truth.copy()
        estimate[2:8, 5:8] = 0  # the estimate lacks only hidden pixels
        assert metrics.vsd(estimate, truth, scene, 0.2, FAR_CAMERA) == pytest.approx(np.zeros(10))

    def test_nothing_visible_is_an_error_of_one(self):
        assert metrics.vsd(
            np.zeros((4, 4)), np.zeros((4, 4)), np.ones((4, 4)), 0.2, Camera.from_focal(1e6, 4, 4)
        ) == pytest.approx(np.ones(10))

    def test_distances_are_those_from_the_camera_as_in_bop(self):
        # At 45 degrees a difference in depth of 0.05 m is one of 0.07 m from the camera: above tau 0.3 of 0.2 m.
        camera = Camera(np.array([[1.0, 0, -1], [0, 1, 0], [0, 0, 1]]), 1, 1)
        errors = metrics.vsd([[1.05]], [[1.0]], [[2.0]], 0.2, camera)
        assert errors == pytest.approx([1, 1, 1, 1, 1, 1, 1, 0, 0, 0])


def test_average_recall():
    result = metrics.average_recall([np.zeros(10), np.ones(10)], [0.0, 1.0], [0.0, 100.0], 0.2, 640)
    assert result == pytest.approx({"AR_VSD": 0.5, "AR_MSSD": 0.5, "AR_MSPD": 0.5, "AR": 0.5})
    # a quarter of the diameter is correct for the thresholds 0.30 ... 0.50: 5 of 10
    assert metrics.average_recall([np.zeros(10)], [0.05], [0.0], 0.2, 640)["AR_MSSD"] == pytest.approx(0.5)
    # 12 pixels in an image 1280 wide are 6 pixels at 640: correct for 10 ... 50, 9 of 10
    assert metrics.average_recall([np.zeros(10)], [0.0], [12.0], 0.2, 1280)["AR_MSPD"] == pytest.approx(0.9)
    assert metrics.recall([np.nan], [1.0]) == 0.0
