import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.pose import difference, exp_rotation, make_transform, perturb
from rhov_optimizer.registration.points import TUKEY, PointTerm
from rhov_optimizer.registration.solver import solve

CAMERA = Camera.from_focal(500.0, 640, 480)
T = make_transform(exp_rotation([0.4, -0.3, 1.0]), [0.05, -0.03, 0.7])


def make_term(count=40, noise=2.0, sigma=1.5, weight=0.4, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.1, 0.1, (count, 3))
    pixels = CAMERA.project(points @ T[:3, :3].T + T[:3, 3]) + rng.normal(0, noise, (count, 2))
    return PointTerm(points, pixels, CAMERA.K, sigma, weight)


def cost(term, pose):
    return 0.5 * term.weight / term.sigma**2 * (term.residuals(pose) ** 2).sum()


def normal_equations(term, pose, scale):
    A, b = np.zeros((6, 6)), np.zeros(6)
    term.accumulate(pose, scale, A, b)
    return np.triu(A) + np.triu(A, 1).T, b


def test_gradient_and_curvature_agree_with_finite_differences():
    term = make_term()
    A, b = normal_equations(term, T, 1e6)  # kernels so wide that every weight is 1
    steps = 1e-6 * np.eye(6)
    gradient = [(cost(term, perturb(T, s)) - cost(term, perturb(T, -s))) / 2e-6 for s in steps]
    assert b == pytest.approx(gradient, rel=1e-5, abs=1e-4)
    exact = make_term(noise=0.0)  # with zero residuals the second derivative is that of Gauss-Newton
    A, _ = normal_equations(exact, T, 1e6)
    for s in 1e-4 * np.eye(6):
        assert 0.5 * s @ A @ s == pytest.approx(cost(exact, perturb(T, s)), rel=1e-2)


def test_outliers_have_no_weight():
    term = make_term(noise=0.3)
    far = PointTerm(term.points[:5], term.pixels[:5] + np.array([TUKEY * 1.5 + 2.0, 0]), CAMERA.K, 1.5, 0.4)
    A, b = normal_equations(far, T, 1.0)
    assert not A.any() and not b.any()
    A, b = normal_equations(far, T, 4.0)  # annealed, they still count
    assert A.any() and b.any()


def test_the_pose_is_recovered_in_spite_of_outliers():
    term = make_term(count=80, noise=0.2)
    term.pixels[:20] += 60.0
    start = perturb(T, [0.01, -0.01, 0.02, 0.05, -0.04, 0.06])
    found = solve([term], start, iterations=10, anneal=(4.0, 1.0))
    assert np.abs(difference(found.T, T)).max() < 2e-3
    inliers = term.inliers(found.T)
    assert not inliers[:20].any() and inliers[20:].all()


def test_points_behind_the_camera_count_for_nothing():
    behind = make_transform(np.eye(3), [0, 0, -1.0])
    term = make_term()
    A, b = normal_equations(term, behind, 1.0)
    assert not A.any() and not b.any()
    assert np.isinf(term.residuals(behind)).all() and not term.inliers(behind).any()


def test_no_points_are_no_constraint():
    term = PointTerm(np.zeros((0, 3)), np.zeros((0, 2)), CAMERA.K, 1.0, 1.0)
    A, b = normal_equations(term, T, 1.0)
    assert len(term) == 0 and not A.any() and not b.any()
