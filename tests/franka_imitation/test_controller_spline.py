"""Sampling as in joint_trajectory_controller: the conditions at the knots decide the polynomial."""

import numpy as np
import pytest
from scipy.interpolate import BPoly

from franka_imitation.controller.goal import GoalPoint
from franka_imitation.controller.spline import Sample, Spline

NONE = np.zeros(0)


def points(rng, n, velocities=True, accelerations=True, joints=7):
    times = np.cumsum(rng.uniform(0.05, 0.8, n))
    return tuple(
        GoalPoint(
            float(t),
            rng.normal(size=joints),
            rng.normal(size=joints) if velocities else NONE,
            rng.normal(size=joints) if accelerations else NONE,
        )
        for t in times
    )


@pytest.mark.parametrize(
    ("velocities", "accelerations", "order"), [(False, False, 1), (True, False, 3), (True, True, 5)]
)
def test_matches_an_independent_hermite_interpolation(rng_seed, velocities, accelerations, order):
    rng = np.random.default_rng(rng_seed)
    given = points(rng, 5, velocities, accelerations)
    spline = Spline(given)
    times = np.array([p.time for p in given])
    known = [
        [p.positions, *([p.velocities] if velocities else []), *([p.accelerations] if accelerations else [])]
        for p in given
    ]
    reference = BPoly.from_derivatives(times, known)
    assert reference.c.shape[0] == order + 1
    for t in rng.uniform(times[0], times[-1] - 1e-9, 50):
        sample = spline.sample(t)
        np.testing.assert_allclose(sample.positions, reference(t), atol=1e-9)
        np.testing.assert_allclose(sample.velocities, reference(t, 1), atol=1e-7)
        np.testing.assert_allclose(sample.accelerations, reference(t, 2), atol=1e-5)


@pytest.fixture(params=range(3))
def rng_seed(request):
    return request.param


def test_the_way_to_the_first_point_starts_from_the_state_before():
    before = Sample(np.full(7, 0.3), np.full(7, -0.1), np.full(7, 0.2))
    spline = Spline((GoalPoint(2.0, np.ones(7), np.zeros(7)),), before, 0.0)
    start = spline.sample(0.0)
    np.testing.assert_allclose(start.positions, before.positions)
    np.testing.assert_allclose(start.velocities, before.velocities)
    end = spline.sample(2.0)
    np.testing.assert_array_equal(end.positions, np.ones(7))
    np.testing.assert_array_equal(end.velocities, np.zeros(7))


def test_a_trajectory_that_starts_later_is_approached_from_now_on():
    before = Sample(np.zeros(7), np.zeros(7), np.zeros(7))
    spline = Spline((GoalPoint(1.0, np.ones(7)),), before, -3.0)
    np.testing.assert_allclose(spline.sample(-1.0).positions, np.full(7, 0.5))


def test_a_first_point_at_the_start_replaces_the_state_before():
    before = Sample(np.full(7, 9.0), np.zeros(7), np.zeros(7))
    spline = Spline((GoalPoint(0.0, np.zeros(7)), GoalPoint(1.0, np.ones(7))), before, 0.0)
    np.testing.assert_allclose(spline.sample(0.5).positions, np.full(7, 0.5))


def test_after_the_end_it_rests_and_before_the_start_it_waits():
    spline = Spline((GoalPoint(1.0, np.zeros(7)), GoalPoint(2.0, np.ones(7))))
    assert spline.end == 2.0
    for sample, position in ((spline.sample(0.2), 0.0), (spline.sample(5.0), 1.0)):
        np.testing.assert_array_equal(sample.positions, np.full(7, position))
        assert not sample.velocities.any() and not sample.accelerations.any()
