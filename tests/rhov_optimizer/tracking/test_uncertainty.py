import numpy as np
import pytest

from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.uncertainty import covariance_of, nothing_known, while_lost

CONFIG = TrackerConfig()
ROOT = np.random.default_rng(0).normal(size=(6, 6)) * 300


def is_spd(C):
    return np.array_equal(C, C.T) and np.linalg.eigvalsh(C).min() > 0


@pytest.mark.parametrize("information", [ROOT @ ROOT.T, np.zeros((6, 6)), np.diag([1e6, 1e6, 0, 0, 0, 1e4])])
def test_covariance_is_symmetric_and_positive_definite(information):
    assert is_spd(covariance_of(information, CONFIG))


def test_the_floor_bounds_what_the_residuals_claim():
    sharp = covariance_of(np.eye(6) * 1e12, CONFIG)
    floor = [CONFIG.covariance_floor_translation] * 3 + [CONFIG.covariance_floor_rotation] * 3
    assert np.sqrt(np.diag(sharp)) == pytest.approx(floor, rel=1e-3)
    soft = covariance_of(np.diag([100.0] * 6), TrackerConfig(covariance_floor_translation=0.0))
    assert np.sqrt(np.diag(soft))[:3] == pytest.approx([0.1] * 3, rel=0.01)


def test_a_direction_that_nothing_constrains_is_unknown():
    unseen = covariance_of(np.diag([1e8, 1e8, 0, 1e8, 1e8, 1e8]), CONFIG)
    assert unseen[2, 2] == pytest.approx(nothing_known()[2, 2], rel=0.01)


def test_uncertainty_grows_while_the_object_is_lost():
    start = covariance_of(ROOT @ ROOT.T, CONFIG)
    grown = [while_lost(start, n, CONFIG) for n in (1, 4)]
    assert all(is_spd(C) for C in grown)
    growth = [np.sqrt(np.diag(C - start)) for C in grown]
    assert growth[0][:3] == pytest.approx([CONFIG.lost_drift_translation] * 3)
    assert growth[1] == pytest.approx(2 * growth[0])
