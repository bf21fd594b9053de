import numpy as np
import pytest
from moving_card import overlap

from rhov_perception.object.spoilt_mask import beyond, blotched, displaced, side_of

SIDE = 128


@pytest.fixture
def mask():
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.where((x - 60) ** 2 + 2 * (y - 70) ** 2 < 40**2, np.uint8(255), np.uint8(0))


def test_most_masks_are_nearly_where_they_were_and_some_are_far_off(mask):
    rng = np.random.default_rng(0)
    overlaps = np.array([overlap(displaced(mask, rng) > 0, mask > 0) for _ in range(200)])
    assert 0.75 < np.median(overlaps) < 0.97
    assert 0.05 < np.mean(overlaps < 0.6) < 0.3


def test_errors_grow_with_the_picture(mask):
    twice = mask.repeat(2, 0).repeat(2, 1)
    small = [overlap(displaced(mask, np.random.default_rng(k)) > 0, mask > 0) for k in range(100)]
    large = [overlap(displaced(twice, np.random.default_rng(k)) > 0, twice > 0) for k in range(100)]
    assert np.mean(large) == pytest.approx(np.mean(small), abs=0.03)


def test_blotches_add_and_take_and_leave_the_given_mask_alone(mask):
    rng, before = np.random.default_rng(1), mask.copy()
    spoilt = np.stack([blotched(mask, rng) > 0 for _ in range(100)])
    assert (spoilt & (mask == 0)).any((1, 2)).sum() > 30 and (~spoilt & (mask > 0)).any((1, 2)).sum() > 20
    np.testing.assert_array_equal(mask, before)


def test_some_blotches_keep_to_where_they_are_led(mask):
    left = np.arange(SIDE)[None] < np.full((SIDE, 1), 60)

    def changed(leaks_into):
        rng = np.random.default_rng(2)
        return np.mean([((blotched(mask, rng, leaks_into) != mask) & ~left).sum() for _ in range(200)])

    assert changed(left) < 0.85 * changed(None)


def test_what_is_forgotten_lies_to_one_side():
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIDE, :SIDE]
    disc = (x - 60) ** 2 + (y - 70) ** 2 < 40**2
    for _ in range(50):
        gone = side_of(disc, rng)
        kept = disc & ~gone
        assert not (gone & ~disc).any()
        assert 0.04 < np.count_nonzero(gone) / np.count_nonzero(disc) < 0.61
        way = np.argwhere(gone).mean(0) - np.argwhere(kept).mean(0)
        way /= np.linalg.norm(way)
        assert (np.argwhere(gone) @ way).min() > (np.argwhere(kept) @ way).max() - 2, "the two must not be mixed"


def test_nothing_has_no_side():
    empty = np.zeros((SIDE, SIDE), bool)
    assert not side_of(empty, np.random.default_rng(0)).any()


def test_the_last_of_an_order_is_taken(mask):
    order = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    gone = beyond(mask > 0, order, np.random.default_rng(4))
    assert order[gone].min() > order[(mask > 0) & ~gone].max()
