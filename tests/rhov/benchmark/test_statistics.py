"""Worked by hand."""

import numpy as np
import pytest

from rhov.benchmark.statistics import mean_over_clips, median_over_frames, paired_difference


def test_two_clips():
    # resampled means are 0, 0.5 and 1 with the probabilities 1/4, 1/2, 1/4
    found = mean_over_clips([0.0, 1.0])
    assert (found.mean, found.low, found.high, found.clips) == (0.5, 0.0, 1.0, 2)
    narrow = mean_over_clips([0.0, 1.0], confidence=0.4)  # from the 30th to the 70th percentile
    assert (narrow.low, narrow.high) == (0.5, 0.5)


def test_the_interval_of_many_clips_is_that_of_the_normal_distribution():
    values = np.random.default_rng(3).normal(7, 2, 400)
    found = mean_over_clips(values)
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_clips_without_a_number_are_left_out():
    found = mean_over_clips([3.0, np.nan, np.inf])
    assert (found.mean, found.low, found.high, found.clips) == (3.0, 3.0, 3.0, 1)
    assert not found.excludes_zero  # one clip proves nothing
    nothing = mean_over_clips([np.nan])
    assert np.isnan(nothing.mean) and nothing.clips == 0 and not nothing.excludes_zero


def test_pairs_take_away_what_the_clips_have_in_common():
    easy_and_hard = np.array([1.0, 50.0, 9.0, 300.0])
    found = paired_difference(easy_and_hard + np.array([1.0, 1.2, 0.8, 1.0]), easy_and_hard)
    assert found.mean == pytest.approx(1.0) and 0.8 <= found.low < 1 < found.high <= 1.2
    assert found.excludes_zero
    assert paired_difference([1.0, np.nan], [0.0, 0.0]).clips == 1
    assert not paired_difference([1.0, -1.0, 1.0, -1.0], np.zeros(4)).excludes_zero


def test_the_same_numbers_give_the_same_interval():
    values = np.random.default_rng(0).normal(size=13)
    assert mean_over_clips(values) == mean_over_clips(values)


def test_the_median_over_frames_counts_lost_ones():
    found = median_over_frames([np.array([1.0, np.nan, 2.0]), np.array([3.0, np.nan])], lost=180.0)
    assert (found.mean, found.clips) == (3.0, 2)
    # the first clip alone has the median 2, the second alone either of its two
    assert found.low == 2.0 and found.high == 180.0
    assert np.isnan(median_over_frames([np.empty(0)], lost=1.0).mean)


def test_the_interval_of_the_median_agrees_with_plain_resampling():
    rng = np.random.default_rng(1)
    series = [rng.normal(place, 1.0, 40 + 2 * place) for place in range(9)]
    found = median_over_frames(series, lost=0.0)
    drawn = [np.median(np.concatenate([series[i] for i in rng.integers(0, 9, 9)])) for _ in range(4000)]
    assert found.mean == pytest.approx(np.median(np.concatenate(series)))
    np.testing.assert_allclose([found.low, found.high], np.percentile(drawn, [2.5, 97.5]), atol=0.2)
