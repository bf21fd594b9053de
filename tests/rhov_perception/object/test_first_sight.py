import cv2
import numpy as np
import pytest

from rhov_perception.object.first_sight import FirstSight

SIDE = 128
RED, GREEN, SHADOW = (20, 20, 220), (60, 160, 60), (25, 70, 25)


@pytest.fixture
def scene():
    """A red block on green ground, with a dark shadow beside it."""
    image = np.full((240, 320, 3), GREEN, np.uint8)
    image[:] = np.clip(image + np.random.default_rng(0).normal(0, 4, image.shape), 0, 255)
    cv2.rectangle(image, (170, 120), (215, 135), SHADOW, -1)
    mask = np.zeros((240, 320), np.uint8)
    cv2.rectangle(mask, (120, 90), (175, 130), 1, -1)
    image[mask > 0] = RED
    hand = np.zeros((240, 320), bool)
    hand[80:100, 100:130] = True
    return image, mask > 0, hand


def reddish(image):
    return image[..., 2].astype(int) > image[..., 1].astype(int) + 20


def test_the_object_is_gone_from_the_picture_without_it_and_its_shadow_stays(scene):
    image, mask, hand = scene
    sight = FirstSight.of(image, mask, hand)
    assert np.count_nonzero(reddish(sight.without)) < 0.02 * np.count_nonzero(mask)
    dark = sight.without.max(2) < 90
    assert np.count_nonzero(dark) > 0.6 * (40 * 16)
    far = cv2.dilate(sight.mask, np.ones((15, 15), np.uint8)) == 0
    np.testing.assert_array_equal(sight.without[far], sight.image[far])


def test_every_picture_says_where_the_object_is(scene):
    sight, rng = FirstSight.of(*scene), np.random.default_rng(0)
    sizes, places = [], []
    for _ in range(40):
        image, mask, hand = sight.picture(SIDE, rng)
        assert image.shape == (SIDE, SIDE, 3) and mask.shape == hand.shape == (SIDE, SIDE)
        sure = np.abs(cv2.GaussianBlur(mask, (0, 0), 2).astype(int) - 127) > 110
        assert np.mean((reddish(image) == (mask > 127))[sure]) > 0.98
        y, x = np.nonzero(mask > 127)
        sizes.append(len(x) ** 0.5)
        places.append((x.mean(), y.mean()))
    assert np.std(sizes) > 0.1 * np.mean(sizes) and np.std(places, axis=0).min() > 4


def test_some_pictures_show_its_old_place_empty(scene):
    sight, rng = FirstSight.of(*scene), np.random.default_rng(1)
    hands = [sight.picture(SIDE, rng) for _ in range(60)]
    beside = [np.count_nonzero((hand > 127) & (mask > 127)) == 0 for _, mask, hand in hands if (hand > 127).any()]
    assert 0.02 < np.mean(beside) < 0.6, "the drawn hand goes along with it, not always"


def test_an_object_at_the_border_is_cut_there(scene):
    image, mask, _ = scene
    corner = np.roll(mask, (-90, -120), (0, 1))
    sight = FirstSight.of(image, corner, None)
    assert sight.image.shape[0] < 240 and not sight.hand.any()
    np.testing.assert_allclose(sight.centre, [28, 20.5])


def test_no_object_is_no_sight(scene):
    image, mask, hand = scene
    assert FirstSight.of(image, np.zeros_like(mask), hand) is None
