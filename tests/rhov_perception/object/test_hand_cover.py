"""A hand and its arm over an object, with the hand drawn beside where it is seen."""

import cv2
import numpy as np
import pytest
from moving_card import HEIGHT, WIDTH, overlap

from rhov_core.camera import Camera
from rhov_perception.object import ObjectEstimator
from rhov_perception.object.hand_cover import HandCover, bare

SKIN, TABLE, THING = (140, 170, 220), (70, 80, 75), (40, 160, 30)
CARD = (slice(70, 170), slice(90, 190))


def picture(seed=0, skin=SKIN, scale=1):
    """An image and where skin is seen: a palm beside a card, two fingers over it and an arm to the image's border."""
    seen = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(seen, (215, 120), 34, 1, -1)
    for y in (100, 130):
        cv2.line(seen, (215, y), (140, y), 1, 14)
    cv2.line(seen, (215, 120), (WIDTH, 200), 1, 36)
    image = np.full((HEIGHT, WIDTH, 3), TABLE, np.uint8)
    image[CARD] = THING
    image[seen > 0] = skin
    noise = np.random.default_rng(seed).normal(0, 3, image.shape)
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    size = (WIDTH * scale, HEIGHT * scale)
    return cv2.resize(image, size), cv2.resize(seen, size, interpolation=cv2.INTER_NEAREST) > 0


def drawn_hand(right=0, down=0, scale=1):
    """The palm and fingers without the arm, moved by (right, down), and a hidden finger over the card."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(drawn, (215 + right, 120 + down), 34, 1, -1)
    for y in (100, 130, 155):
        cv2.line(drawn, (215 + right, y + down), (140 + right, y + down), 1, 14)
    return cv2.resize(drawn, (WIDTH * scale, HEIGHT * scale), interpolation=cv2.INTER_NEAREST) > 0


def on_card(scale=1):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[CARD] = 1
    return cv2.resize(mask, (WIDTH * scale, HEIGHT * scale), interpolation=cv2.INTER_NEAREST) > 0


@pytest.mark.parametrize("scale", [1, 3])
def test_finds_the_hand_where_it_is_seen_and_its_arm(scale):
    image, seen = picture(scale=scale)
    drawn = drawn_hand(6, -6, scale)
    cover = HandCover().find(image, drawn, on_card(scale), None)
    assert cover.shape == drawn.shape and cover.dtype == np.bool_
    assert overlap(drawn, seen) < 0.6 and overlap(cover, seen) > 0.85


def test_a_hidden_finger_covers_nothing():
    image, seen = picture()
    card = on_card() & ~seen
    drawn = drawn_hand()
    assert np.count_nonzero(drawn & card) > 500
    cover = HandCover().find(image, drawn, on_card(), None)
    assert np.count_nonzero(cover & card) < 0.15 * np.count_nonzero(drawn & card)


def test_goes_on_by_colour_where_no_hand_is_detected():
    finder, (image, seen) = HandCover(), picture()
    finder.find(image, drawn_hand(), on_card(), None)
    cover = finder.find(picture(seed=1)[0], None, on_card() & ~seen, None)
    assert overlap(cover, seen) > 0.9


def test_other_things_of_the_hand_s_colours_are_no_hand():
    finder, (image, seen) = HandCover(), picture()
    block, stripe = (slice(10, 40), slice(10, 40)), (slice(96, 104), slice(92, 140))
    image[block], image[stripe] = SKIN, SKIN  # on the table; and a print on the card that a finger touches
    for drawn in (drawn_hand(), None):
        cover = finder.find(image, drawn, on_card(), None)
        assert not cover[block].any(), "no hand was there"
        assert cover[96:104, 92:120].mean() < 0.2 and overlap(cover, seen) > 0.85


def test_without_any_colours_the_drawn_hand_is_all_that_is_known():
    finder, (image, _) = HandCover(), picture()
    assert finder.find(image, None, on_card(), None) is None
    tiny = np.zeros((HEIGHT, WIDTH), bool)
    tiny[100:108, 200:208] = True
    assert finder.find(image, tiny, on_card(), None) is tiny


def test_a_hand_of_the_colours_of_the_object_is_where_it_is_drawn():
    image, _ = picture(skin=THING)
    drawn = drawn_hand()
    cover = HandCover().find(image, drawn, on_card(), None)
    far = on_card() & (cv2.distanceTransform((~drawn).astype(np.uint8), cv2.DIST_L2, 3) > 14)
    assert not (cover & far).any(), "the object is not its own hand"


def test_an_empty_scene_after_the_hand_left_is_covered_by_nothing():
    finder, (image, _) = HandCover(), picture()
    finder.find(image, drawn_hand(), on_card(), None)
    gone = np.full_like(image, TABLE)
    assert finder.find(gone, None, None, None) is None


def test_the_estimator_reports_it_and_keeps_what_the_hand_estimator_drew():
    estimator = ObjectEstimator(Camera.from_focal(300, WIDTH, HEIGHT))
    drawn, images = drawn_hand(6, -6), [picture(seed)[0] for seed in range(3)]
    seen = picture()[1]
    cues = [estimator.start(images[0], 0, 0.0, on_card() & ~seen, None, drawn)]
    cues += [estimator.step(image, k, k / 30, None, drawn) for k, image in enumerate(images[1:], 1)]
    for cue in cues:
        np.testing.assert_array_equal(cue.hand_mask, drawn)
        np.testing.assert_array_equal(cue.covered, cue.cover_mask)
        assert overlap(cue.cover_mask, seen) > 0.85
    again = estimator.start(images[0], 0, 0.0, on_card() & ~seen, None, drawn)
    np.testing.assert_array_equal(again.cover_mask, cues[0].cover_mask)


def test_a_mask_is_bared_of_fingers_but_not_of_errors_at_its_border():
    card, finger, rim = on_card(), np.zeros((HEIGHT, WIDTH), bool), np.zeros((HEIGHT, WIDTH), bool)
    finger[100:114, 130:200] = rim[60:75, 90:190] = True
    np.testing.assert_array_equal(bare(card, finger | rim), card & ~finger)
    np.testing.assert_array_equal(bare(card, rim), card)
    np.testing.assert_array_equal(bare(card, None), card)


def test_a_cover_of_nearly_all_of_a_mask_is_not_believed():
    card = on_card()
    np.testing.assert_array_equal(bare(card, np.ones_like(card)), card)
