"""The network on pictures of things that it was not taught with (`dev/render_held_objects.py --unseen --seed 5`)."""

import pickle

import cv2
import numpy as np
import pytest
from moving_card import overlap

from rhov_perception.object.color_model import ColorModel, color_cells
from rhov_perception.object.learned import HeldObjectFinder
from rhov_perception.object.opinion import LIMIT, Opinion
from rhov_perception.object.region import Region
from rhov_perception.object.seed import segment_box

SIDE = 160
WHOLE = Region(0, 0, SIDE, SIDE)


@pytest.fixture(scope="module")
def finder():
    return HeldObjectFinder()


def test_things_never_seen_are_found_in_their_boxes(pictures, finder):
    found = []
    for image, mask, _, whole, drawn in pictures:
        opinion = finder.ask(image, drawn, Region.around(whole, 2))
        found.append(overlap(opinion.inside(WHOLE) > 0, mask))
    assert np.median(found) > 0.85
    assert np.mean(found) > 0.75


def test_a_mask_that_leaks_into_the_hand_is_mended(pictures, finder):
    before, after = [], []
    for image, mask, skin, _, drawn in pictures:
        near = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
        leaking = mask | (near & skin)
        if overlap(leaking, mask) > 0.9:
            continue
        before.append(overlap(leaking, mask))
        after.append(overlap(finder.ask(image, drawn, leaking).inside(WHOLE) > 0, mask))
    assert len(after) > 5
    assert np.mean(after) > 0.8 > np.mean(before)


def test_a_box_is_segmented_better_with_the_network(pictures, finder):
    """0.910 against 0.886 on these."""
    with_it, without = [], []
    for image, mask, _, whole, drawn in pictures:
        region = Region.around(whole, 1)
        box = region.x0, region.y0, region.x1 - region.x0, region.y1 - region.y0
        with_it.append(overlap(segment_box(image, box, drawn, finder).mask, mask))
        without.append(overlap(segment_box(image, box, drawn).mask, mask))
    assert np.mean(with_it) > np.mean(without) + 0.01


def test_colors_bring_back_the_side_that_a_mask_has_lost(pictures, finder):
    with_them, without = [], []
    for image, mask, _, _, drawn in pictures:
        cut = mask.copy()
        cut[:, : int(np.median(np.nonzero(mask)[1]))] = False
        around = cv2.dilate(mask.astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool) & ~mask
        colors = ColorModel.measure(color_cells(image), mask & ~drawn, around & ~drawn, drawn & ~mask)
        with_them.append(overlap(finder.ask(image, drawn, cut, colors).inside(WHOLE) > 0, mask))
        without.append(overlap(finder.ask(image, drawn, cut).inside(WHOLE) > 0, mask))
    assert np.mean(with_them) > np.mean(without) + 0.03


def test_a_snapshot_holds_no_weights(finder):
    assert len(pickle.dumps(finder)) < 200


def test_an_opinion_is_placed_where_it_belongs():
    odds = np.arange(16, dtype=np.float32).reshape(4, 4)
    opinion = Opinion((-1, 2), odds)
    out = opinion.inside(Region(0, 0, 6, 5))
    np.testing.assert_array_equal(out[2:, :3], odds[:3, 1:])
    assert (out[:2] == -LIMIT).all() and (out[:, 3:] == -LIMIT).all()
    assert (Opinion((9, 9), odds).inside(Region(0, 0, 6, 5)) == -LIMIT).all()


def test_certainty_is_the_overlap_to_be_expected():
    object_mask, mask = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    object_mask[5:20, 10:30], mask[8:20, 14:36] = True, True
    dice = 2 * np.count_nonzero(mask & object_mask) / (np.count_nonzero(mask) + np.count_nonzero(object_mask))
    odds = np.where(np.pad(object_mask, 5), np.float32(LIMIT), np.float32(-LIMIT))[:35, :35]
    sure = Opinion((-5, -5), np.pad(odds, ((0, 15), (0, 15)), constant_values=-LIMIT))
    assert sure.certainty(mask) == pytest.approx(dice, abs=0.01)
    assert Opinion((0, 0), np.zeros((40, 40), np.float32)).certainty(mask) < 0.6, "even odds are no certainty"
    assert Opinion((100, 100), odds).certainty(mask) < 0.01


def test_a_picture_at_the_border_of_the_image_is_seen_like_one_in_its_middle(pictures, finder):
    image, mask, _, _, drawn = pictures[1]
    wide = cv2.copyMakeBorder(image, 200, 200, 200, 200, cv2.BORDER_REPLICATE)
    here = finder.ask(image, drawn, mask).inside(WHOLE)
    there = finder.ask(wide, np.pad(drawn, 200), np.pad(mask, 200)).inside(Region(200, 200, 200 + SIDE, 200 + SIDE))
    np.testing.assert_allclose(here, there, atol=1e-4)


def test_nothing_known_is_no_question(pictures, finder):
    image, mask, *_ = pictures[0]
    assert finder.ask(image, None, np.zeros_like(mask)) is None
