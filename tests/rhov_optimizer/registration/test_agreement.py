import math

import numpy as np
import pytest

from rhov_optimizer.registration.agreement import Agreement, overlap


def block(rows, columns):
    mask = np.zeros((20, 20), np.bool_)
    mask[rows, columns] = True
    return mask


def test_overlap_is_intersection_over_union():
    assert overlap(block(slice(0, 10), slice(0, 10)), block(slice(0, 10), slice(5, 15))) == pytest.approx(50 / 150)
    assert overlap(block(slice(0, 4), slice(0, 4)), block(slice(10, 14), slice(0, 4))) == 0


def test_what_is_ignored_does_not_count():
    hidden = block(slice(0, 20), slice(10, 20))
    assert overlap(block(slice(0, 10), slice(0, 10)), block(slice(0, 10), slice(0, 15)), hidden) == 1


def test_nothing_to_compare_is_not_a_number():
    nothing = np.zeros((20, 20), np.bool_)
    assert math.isnan(overlap(nothing, nothing))
    assert math.isnan(overlap(block(0, 0), block(0, 0), ~nothing))


def test_covered_is_the_part_of_the_mask_under_the_silhouette():
    everywhere = slice(0, 20)
    silhouette, mask, ignored = (block(everywhere, columns) for columns in (slice(0, 8), slice(4, 12), slice(0, 6)))
    assert Agreement.of(silhouette, mask).covered == 0.5
    assert Agreement.of(silhouette, mask, ignored).covered == pytest.approx(2 / 6)
    assert math.isnan(Agreement.of(silhouette, mask, np.ones_like(mask)).covered)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_silhouette_of_a_region_is_compared_at_its_place(hidden):
    rng = np.random.default_rng(0)
    silhouette, mask, ignored = rng.random((20, 20)) > 0.5, rng.random((20, 20)) > 0.5, rng.random((20, 20)) > 0.7
    outside = np.ones_like(mask)
    outside[3:12, 5:19] = False
    silhouette[outside] = False
    unknown = ignored if hidden else None
    part = Agreement.of(silhouette[3:12, 5:19], mask, unknown, x0=5, y0=3)
    known = ~ignored if hidden else np.ones_like(mask)
    areas = (np.count_nonzero(area & known) for area in (silhouette, mask, silhouette & mask))
    assert part == Agreement(*areas) == Agreement.of(silhouette, mask, unknown)
