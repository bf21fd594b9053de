"""First masks that hold what is seen through the object, or fingers on it."""

import cv2
import numpy as np
from moving_card import HEIGHT, SKIN, WIDTH, box_of, overlap

from rhov_core.camera import Camera
from rhov_perception.object import ObjectEstimator
from rhov_perception.object.carving import carved

TABLE, THING = (90, 100, 150), (190, 150, 60)
CENTRE = (150, 120)


def disc(radius, centre=CENTRE):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    return mask > 0


def scene(*parts):
    """An image of a table with parts, each a mask and its colour."""
    image = np.full((HEIGHT, WIDTH, 3), TABLE, np.uint8)
    for mask, color in parts:
        image[mask] = color
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_the_table_seen_through_a_ring_is_taken_out():
    outer, inner = disc(60), disc(35)
    found = carved(scene((outer & ~inner, THING)), outer, None)
    assert overlap(found, outer & ~inner) > 0.97


def test_the_estimator_s_first_mask_has_the_hole_of_a_ring_in_its_own_shadow():
    outer, inner = disc(60), disc(35)
    shade = tuple(0.75 * np.array(TABLE))
    image = scene((outer & ~inner, THING), (inner & ~disc(30, (154, 126)), shade))
    ring = outer & ~inner
    cues = ObjectEstimator(Camera.from_focal(300, WIDTH, HEIGHT)).start(image, 0, 0.0, box_of(ring))
    assert overlap(cues.object_mask, ring) > 0.85


def test_fingers_on_the_object_are_taken_out_if_the_hand_is_seen_beside_it():
    outer, finger = disc(60), np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(finger, (150, 120), (270, 120), 1, 20)
    palm = disc(60, (268, 120))
    image = scene((outer, THING), (palm | (finger > 0), SKIN))
    visible = outer & ~(finger > 0) & ~palm
    assert overlap(carved(image, outer, None), visible) > 0.95


def test_small_prints_and_colours_that_are_rare_around_it_stay():
    outer = disc(60)
    print_, stripe = disc(6, (140, 100)), np.zeros((HEIGHT, WIDTH), np.bool_)
    stripe[110:135] = True
    red = (40, 40, 200)
    image = scene((outer, THING), (print_, TABLE), (outer & stripe, red), (disc(12, (150, 15)), red))
    np.testing.assert_array_equal(carved(image, outer, None), outer)


def test_a_mask_of_the_colours_of_its_surroundings_stays_a_mask():
    mask = disc(60)
    assert carved(scene(), mask, None).any()
    assert not carved(scene(), np.zeros_like(mask), None).any()
