import numpy as np

from rhov_perception.object.components import object_pieces


def rectangles(*corners):
    """A mask of rectangles y0, y1, x0, x1."""
    mask = np.zeros((60, 100), bool)
    for y0, y1, x0, x1 in corners:
        mask[y0:y1, x0:x1] = True
    return mask


LEFT, RIGHT, FINGER = (10, 40, 10, 40), (10, 40, 48, 60), (0, 45, 41, 47)


def test_both_sides_of_a_finger_are_the_object():
    mask, finger = rectangles(LEFT, RIGHT), rectangles(FINGER)
    np.testing.assert_array_equal(object_pieces(mask, finger), mask)
    np.testing.assert_array_equal(object_pieces(mask), rectangles(LEFT))


def test_pieces_far_from_the_hand_must_lie_where_the_object_is_believed_to_be():
    far = (10, 40, 70, 90)
    mask = rectangles(LEFT, RIGHT, far)
    np.testing.assert_array_equal(object_pieces(mask, rectangles(FINGER)), rectangles(LEFT, RIGHT))
    np.testing.assert_array_equal(object_pieces(mask, rectangles(FINGER), rectangles((0, 50, 75, 95))), mask)
    np.testing.assert_array_equal(object_pieces(mask, None, rectangles((0, 50, 82, 95))), rectangles(LEFT))
    np.testing.assert_array_equal(object_pieces(mask, large=True), mask)


def test_specks_are_noise_even_by_the_hand():
    speck = (20, 22, 48, 50)
    np.testing.assert_array_equal(object_pieces(rectangles(LEFT, speck), rectangles(FINGER)), rectangles(LEFT))


def test_holes_are_filled_but_where_the_hand_is_or_the_object_is_not_believed_to_be():
    handle, print_, finger = (12, 20, 12, 20), (12, 20, 25, 33), (25, 35, 12, 20)
    holes = rectangles(handle, print_, finger)
    believed = rectangles(LEFT) & ~rectangles(handle)
    mask = rectangles(LEFT) & ~holes
    np.testing.assert_array_equal(object_pieces(mask), rectangles(LEFT))
    np.testing.assert_array_equal(
        object_pieces(mask, rectangles(finger), believed), rectangles(LEFT) & ~rectangles(handle, finger)
    )


def test_an_empty_mask_stays_empty_and_a_full_one_full():
    for mask in (np.zeros((20, 30), bool), np.ones((20, 30), bool)):
        np.testing.assert_array_equal(object_pieces(mask), mask)
