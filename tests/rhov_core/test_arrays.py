"""What `checked` lets through, that nothing can change it afterwards, and how `dense` lays out values."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rhov_core.arrays import checked, dense
from rhov_core.errors import InputError


@given(arrays(np.float64, array_shapes(max_dims=3), elements=st.floats(-1e6, 1e6)))
def test_values_are_kept_and_frozen(array):
    before = array.copy()
    out = checked("x", array, array.shape)
    with pytest.raises(ValueError, match="read-only"):
        out[...] = 1.0
    array += 1.0  # the caller's array stays the caller's
    np.testing.assert_array_equal(out, before)
    assert checked("x", out, out.shape) is out  # nothing is copied twice


def test_views_lists_and_tensors_are_copied():
    whole = np.zeros((4, 3))
    part, tensor = checked("x", whole[1:3], (2, 3)), torch.zeros(3)
    of_tensor = checked("x", tensor, (3,), np.float32)
    whole += 1.0
    tensor += 1.0
    assert (part == 0).all() and (of_tensor == 0).all()
    np.testing.assert_array_equal(checked("x", [[1, 2], [3, 4]], (2, None)), [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((3,), r"\(3\)"), ((3, 2), r"\(3, 2\)"), ((None, 4), r"\(N, 4\)"), ((2, 3, 1), r"\(2, 3, 1\)")],
)
def test_shapes_are_refused(shape, wanted):
    with pytest.raises(InputError, match=rf"x has the shape \(2, 3\); accepted is the shape {wanted}"):
        checked("x", np.zeros((2, 3)), shape)
    assert checked("x", np.zeros((2, 3)), (None, 3)).shape == (2, 3)
    assert checked("x", np.zeros((0, 3)), (None, 3)).shape == (0, 3)


@given(st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 2), st.integers(0, 1))
def test_numbers_that_are_not_finite_are_refused_by_place(bad, row, column):
    array = np.zeros((3, 2))
    array[row, column] = bad
    with pytest.raises(InputError, match=rf"not finite at index \({row}, {column}\)"):
        checked("x", array, (3, 2))
    np.testing.assert_array_equal(checked("x", array, (3, 2), finite=False), array)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (["a", "b"], np.float64),
        ([[1], [1, 2]], np.float64),
        ([None, 1], np.float64),
        (object(), np.float64),
        ([1.5, 2], np.int64),
        ([np.nan, 2], np.int64),
        ([1e30, 2], np.int64),
        ([300, 2], np.uint8),
        ([-1, 2], np.uint8),
        ([1j, 2], np.float64),
    ],
)
def test_values_that_would_change_are_refused(value, dtype):
    with pytest.raises(InputError, match="x is"):
        checked("x", value, (2,), dtype)


def test_values_that_fit_are_converted():
    assert checked("x", [1.0, 2.0], (2,), np.int64).dtype == np.int64
    np.testing.assert_array_equal(checked("x", np.array([0, 255, 1], np.uint8), (3,), np.bool_), [False, True, True])
    np.testing.assert_array_equal(checked("x", np.array([0, 255], np.int64), (2,), np.uint8), [0, 255])
    assert checked("x", np.arange(3), (3,), np.float32).dtype == np.float32
    assert checked("x", 3, ()) == 3.0


def test_a_column_becomes_dense_and_what_is_dense_stays():
    poses = np.arange(48.0).reshape(3, 4, 4)
    column = dense(poses[:, 1, 3])
    assert column.strides == (8,)
    np.testing.assert_array_equal(column, [7, 23, 39])
    assert dense(column) is column
    assert dense(poses[0, 1, 3]).shape == ()
