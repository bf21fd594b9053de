import numpy as np
import pytest

from rhov_perception.object.color_model import ColorModel, color_cells


def picture(colors):
    """One row of pixels of the given colours."""
    return np.array([colors], np.uint8)


def model(inside, outside, hand=()):
    cells = color_cells(picture([*inside, *outside, *hand]))
    index = np.arange(cells.shape[1])[None]
    on_object, on_hand = index < len(inside), index >= len(inside) + len(outside)
    return ColorModel.measure(cells, on_object, ~on_object & ~on_hand, on_hand)


RED, NEAR_RED, BLUE, GREEN = (10, 10, 200), (10, 20, 192), (200, 10, 10), (10, 200, 10)


def test_colours_of_the_object_speak_for_it_and_others_against():
    learnt = model([RED] * 60 + [GREEN] * 20, [BLUE] * 60 + [GREEN] * 20)
    red, near, blue, green = learnt.evidence(color_cells(picture([RED, NEAR_RED, BLUE, GREEN])))[0]
    assert red > 5 and blue < -5
    assert near > 5, "neighbouring colours must count too"
    assert green == pytest.approx(0, abs=0.05)


def test_unknown_colours_are_undecided_except_under_the_hand():
    learnt = model([RED] * 60, [BLUE] * 60)
    cells = color_cells(picture([GREEN, GREEN, RED]))
    free, hand, red = learnt.evidence(cells, np.array([[0, 0.7, 0.7]], np.float32))[0]
    assert free == 0 and hand < -3 and red > 5


def test_colours_of_the_hand_speak_against_the_object_where_a_hand_may_be():
    learnt = model([RED] * 50 + [GREEN] * 10, [BLUE] * 60, [GREEN] * 60)
    assert learnt.knows_hand
    cells = color_cells(picture([GREEN, GREEN, RED]))
    far, near, red = learnt.evidence(cells, np.array([[0, 0.7, 0.7]], np.float32))[0]
    assert far > 3, "no hand can be there"
    assert near == pytest.approx(np.log((10 / 60) / 0.7), abs=0.05) and red > 5


def test_what_a_frame_without_a_hand_does_not_show_is_kept():
    known, without = model([RED] * 60, [BLUE] * 60, [GREEN] * 60), model([RED] * 60, [BLUE] * 60)
    for blend in (known.blended(without, 0.8), without.blended(known, 0.2)):
        np.testing.assert_array_equal(blend.hand_colors, known.hand_colors)
    skin = model([RED] * 60, [BLUE] * 60, [NEAR_RED] * 60)
    assert known.blended(skin, 0.5).hand_colors.sum() == pytest.approx(1, abs=1e-4)


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
