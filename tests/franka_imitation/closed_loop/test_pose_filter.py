import numpy as np
import pytest

from franka_imitation.closed_loop.config import FeedbackConfig
from franka_imitation.closed_loop.pose_filter import PoseFilter
from rhov_core.pose import difference, exp_rotation, make_transform, perturb

POSE = make_transform(exp_rotation([0.3, -0.2, 1.0]), [0.4, -0.1, 0.2])


def filled(poses):
    wanted = PoseFilter(FeedbackConfig())
    for pose in poses:
        wanted.update(pose)
    return wanted


def test_the_first_measurements_are_averaged_evenly():
    shifts = np.array([[0.001, 0, 0], [0.004, 0, 0], [-0.002, 0, 0]])
    found = filled([perturb(POSE, [*shift, 0, 0, 0]) for shift in shifts]).pose
    assert difference(found, POSE)[:3] == pytest.approx(shifts.mean(axis=0), abs=1e-9)


def test_noise_is_averaged_out_and_taken_for_no_step():
    random = np.random.default_rng(0)
    sigma = np.repeat([0.003, 0.02], 3)
    errors = []
    estimate = PoseFilter(FeedbackConfig())
    for _ in range(600):
        errors.append(difference(estimate.update(perturb(POSE, sigma * random.normal(size=6))), POSE))
    late = np.array(errors[60:])
    assert np.sqrt((late[:, :3] ** 2).mean()) < 0.0015
    assert np.sqrt((late[:, 3:] ** 2).mean()) < 0.01


def test_a_step_is_believed_after_a_few_measurements():
    moved = perturb(POSE, [0.02, 0, 0, 0, 0, 0])
    estimate = filled([POSE] * 60 + [moved] * 9)
    assert np.linalg.norm(difference(estimate.pose, moved)[:3]) < 0.002


def test_a_single_outlier_hardly_counts():
    estimate = filled([POSE] * 60 + [perturb(POSE, [0.02, 0, 0, 0, 0, 0])] + [POSE] * 2)
    assert np.linalg.norm(difference(estimate.pose, POSE)[:3]) < 0.003


def test_a_restart_forgets():
    estimate = filled([POSE] * 60)
    estimate.restart()
    assert estimate.is_empty
    other = perturb(POSE, [0.5, 0, 0, 0, 0, 0])
    assert np.array_equal(estimate.update(other), other)
