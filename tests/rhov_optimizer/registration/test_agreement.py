import math

import numpy as np
import pytest

from rhov_optimizer.registration.agreement import covered, overlap


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
    assert covered(silhouette, mask) == 0.5
    assert covered(silhouette, mask, ignored) == pytest.approx(2 / 6)
    assert math.isnan(covered(silhouette, mask, np.ones_like(mask)))
