"""Distances to the border of a mask."""

import cv2
import numpy as np
import pytest

from rhov_optimizer.registration.border_distance import FARTHEST, BorderDistance


def dense(border):
    rows, columns = np.indices(border.shape)
    return border.at(rows.ravel(), columns.ravel()).reshape(border.shape)


@pytest.mark.parametrize("size", [2, 6, 15])
def test_distances_are_those_of_a_transform_of_the_whole_image(size):
    noise = np.random.default_rng(0).standard_normal((90, 130))
    mask = cv2.GaussianBlur(noise, (0, 0), size) > 0
    inside, outside = (cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (mask, ~mask))
    expected = np.where(mask, 0.5 - inside, outside - 0.5)
    border = BorderDistance.of(mask)
    assert not border.known.any()
    np.testing.assert_allclose(dense(border), expected, atol=1e-4)
    np.testing.assert_allclose(border.known, expected, atol=1e-4)
    np.testing.assert_allclose(dense(border), expected, atol=1e-4)


def test_far_from_any_border_the_distance_is_limited():
    nothing = np.zeros((300, 20), np.bool_)
    assert (dense(BorderDistance.of(nothing)) == FARTHEST - 0.5).all()
    nothing[0] = True
    column = dense(BorderDistance.of(nothing))[:, 5]
    np.testing.assert_array_equal(column, np.r_[-0.5, np.minimum(np.arange(1, 300), FARTHEST) - 0.5])
