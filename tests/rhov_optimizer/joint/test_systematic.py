"""Covariance of what outlines may have wrong in common."""

import numpy as np

from rhov_optimizer.joint.systematic import AROUND, LARGEST_ROTATION, PERFECT_MISFIT, systematic_covariance

HESSIAN = np.diag(np.repeat([1e6, 1e4], 3))
DIAMETER = 0.2


def _covariance(misfits: list[float], hessian: np.ndarray = HESSIAN, apart: float = 10.0) -> np.ndarray:
    """Of frames so far apart [s]."""
    stamps = apart * np.arange(len(misfits))
    return systematic_covariance(np.tile(hessian, (len(misfits), 1, 1)), np.array(misfits), stamps, 15.0, DIAMETER)


def test_perfect_masks_have_nothing_wrong_in_common() -> None:
    assert not _covariance([PERFECT_MISFIT, 0.1]).any()


def test_it_is_what_the_outline_leaves_open_times_the_misfit() -> None:
    covariance = _covariance([PERFECT_MISFIT + 1.0, PERFECT_MISFIT + 4.0])
    np.testing.assert_allclose(np.diagonal(covariance[0])[:3], 15e-6, rtol=1e-3)
    np.testing.assert_allclose(np.diagonal(covariance[0])[3:], 15e-4, rtol=1e-3)
    np.testing.assert_allclose(covariance[1], 4 * covariance[0])


def test_what_no_outline_holds_is_bounded() -> None:
    covariance = _covariance([PERFECT_MISFIT + 1.0], np.zeros((6, 6)))[0]
    np.testing.assert_allclose(np.diagonal(covariance) / 15, np.square(np.repeat([DIAMETER, LARGEST_ROTATION], 3)))


def test_frames_without_an_outline_take_the_nearest() -> None:
    covariance = _covariance([PERFECT_MISFIT + 1.0, np.nan, np.nan, np.nan, PERFECT_MISFIT + 2.0])
    np.testing.assert_array_equal(covariance[1], covariance[0])
    np.testing.assert_array_equal(covariance[3], covariance[4])
    assert not _covariance([np.nan, np.nan]).any()


def test_what_frames_around_have_wrong_counts_as_the_frames_own() -> None:
    misfits = PERFECT_MISFIT + np.array([-0.2, 1.0, -0.2, 1.0, -0.2, np.nan, 1.0])
    covariance = _covariance(misfits.tolist(), apart=1e-3)
    np.testing.assert_allclose(covariance[:, 0, 0], 15e-6 * 3 / 6, rtol=1e-2)
    far = _covariance([PERFECT_MISFIT, PERFECT_MISFIT + 1.0], apart=AROUND)
    assert 0 < far[0, 0, 0] < far[1, 0, 0]
    np.testing.assert_allclose(far[0, 0, 0] / far[1, 0, 0], np.exp(-0.5), rtol=1e-6)
