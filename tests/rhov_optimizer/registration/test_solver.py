import numpy as np
import pytest

from rhov_core.pose import difference, exp_rotation, make_transform, perturb
from rhov_optimizer.registration.solver import LARGEST_ROTATION_STEP, solve

START = make_transform(exp_rotation([0.3, -0.2, 0.9]), [0.1, 0.0, 0.6])
GOAL = perturb(START, [0.02, -0.01, 0.03, 0.05, 0.1, -0.07])


class Pull:
    """Pulls some components of the pose to the goal; notes the kernel scales it was called with."""

    def __init__(self, components, weight=1.0):
        self.W = np.diag([weight * (i in components) for i in range(6)])
        self.scales = []

    def accumulate(self, T, kernel_scale, A, b):
        self.scales.append(kernel_scale)
        A += np.triu(self.W)
        b += self.W @ difference(T, GOAL)


def test_terms_add_up_and_the_pose_moves_as_in_rhov_core():
    solution = solve([Pull(range(3)), Pull(range(3, 6), 4.0)], START, iterations=12)
    assert solution.is_sound
    assert np.abs(difference(solution.T, GOAL)).max() < 1e-6
    assert np.allclose(solution.information, np.diag([1, 1, 1, 4, 4, 4]))


def test_what_nothing_constrains_stays_where_it_is():
    solution = solve([Pull([0, 1])], START, iterations=10)
    moved = difference(solution.T, START)
    assert np.allclose(moved, [0.02, -0.01, 0, 0, 0, 0], atol=1e-5)


class Drift:
    """Moves the pose on by a millimetre at each step; notes the kernel scales it was called with."""

    def __init__(self):
        self.scales = []

    def accumulate(self, T, kernel_scale, A, b):
        self.scales.append(kernel_scale)
        A += np.eye(6)
        b -= np.array([1e-3, 0, 0, 0, 0, 0])


def test_kernels_are_annealed_from_the_first_to_the_last_scale():
    term = Drift()
    solve([term], START, iterations=5, anneal=(4.0, 0.25))
    assert term.scales == pytest.approx([4, 2, 1, 0.5, 0.25])


def test_a_pose_that_stands_still_is_finished_with_the_last_scale():
    term = Pull(range(6))
    solution = solve([term], START, iterations=40, anneal=(4.0, 0.25))
    assert len(term.scales) < 10 and term.scales[-1] == 0.25
    assert np.abs(difference(solution.T, GOAL)).max() < 1e-6


def test_a_step_turns_no_further_than_its_limit():
    class Spin:
        def accumulate(self, T, kernel_scale, A, b):
            A += np.eye(6)
            b -= np.array([0, 0, 0, 0, 5.0, 0])

    moved = difference(solve([Spin()], START, iterations=1).T, START)
    assert np.linalg.norm(moved[3:]) == pytest.approx(LARGEST_ROTATION_STEP)


def test_a_solution_that_is_not_finite_or_behind_the_camera_is_not_sound():
    class Push:
        def __init__(self, z):
            self.z = z

        def accumulate(self, T, kernel_scale, A, b):
            A += np.eye(6)
            b -= np.array([0, 0, self.z, 0, 0, 0])

    assert not solve([Push(np.nan)], START, iterations=3).is_sound
    assert not solve([Push(-5.0)], START, iterations=1).is_sound
