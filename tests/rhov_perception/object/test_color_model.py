import numpy as np
import pytest

from rhov_perception.object.color_model import ColorModel, color_cells


def picture(colors):
    """One row of pixels of the given colours."""
    return np.array([colors], np.uint8)


def model(inside, outside):
    cells = color_cells(picture(inside + outside))
    on_object = np.arange(len(inside) + len(outside))[None] < len(inside)
    return ColorModel.measure(cells, on_object, ~on_object)


RED, NEAR_RED, BLUE, GREEN = (10, 10, 200), (10, 20, 192), (200, 10, 10), (10, 200, 10)


def test_colours_of_the_object_are_likely_and_others_not():
    learnt = model([RED] * 60 + [GREEN] * 20, [BLUE] * 60 + [GREEN] * 20)
    red, near, blue, green = learnt.probability(color_cells(picture([RED, NEAR_RED, BLUE, GREEN])))[0]
    assert red > 0.99 and blue < 0.01
    assert near > 0.99, "neighbouring colours must count too"
    assert green == pytest.approx(0.5, abs=0.01)


def test_unknown_colours_are_undecided_except_under_the_hand():
    learnt = model([RED] * 60, [BLUE] * 60)
    cells = color_cells(picture([GREEN, GREEN, RED]))
    free, hand, red = learnt.probability(cells, np.array([[False, True, True]]))[0]
    assert free == 0.5 and hand < 0.05 and red > 0.99


def test_separation_and_resemblance_have_their_extremes():
    apart, alike = model([RED] * 60, [BLUE] * 60), model([RED] * 60, [RED] * 60)
    assert apart.separation == pytest.approx(1, abs=1e-6) and alike.separation == pytest.approx(0, abs=1e-5)
    assert apart.resemblance(alike) == pytest.approx(1, abs=1e-5)
    assert apart.resemblance(model([BLUE] * 60, [RED] * 60)) == pytest.approx(0, abs=1e-6)


def test_blending_moves_from_one_model_to_the_other():
    a, b = model([RED] * 60, [BLUE] * 60), model([GREEN] * 60, [BLUE] * 60)
    assert a.blended(b, 0).resemblance(a) == pytest.approx(1, abs=1e-5)
    assert a.blended(b, 1).resemblance(b) == pytest.approx(1, abs=1e-5)
    assert a.blended(b, 0.5).resemblance(a) == pytest.approx(np.sqrt(0.5), abs=1e-4)
    assert a.blended(b, 0.5).object_colors.sum() == pytest.approx(1, abs=1e-4)
