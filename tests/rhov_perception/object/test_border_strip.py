"""The unrolled surroundings of outlines."""

import numpy as np
import pytest

from rhov_perception.object.border_strip import REACH, ROWS, SPACING, BorderStrip

SIDE = 200
Y, X = np.mgrid[:SIDE, :SIDE]


def disc(radius: float, x: float = 100, y: float = 100) -> np.ndarray:
    return np.hypot(X - x, Y - y) <= radius


def test_rows_are_distances_from_the_outline():
    strip = BorderStrip.along(disc(50))
    assert strip.places.shape[0] == ROWS
    radius = np.hypot(*(strip.places - 100).transpose(2, 0, 1))
    assert radius == pytest.approx(50 + np.arange(-REACH, REACH + 1)[:, None] + np.zeros_like(radius), abs=1.0)
    assert strip.places.shape[1] == pytest.approx(2 * np.pi * 50 * 0.9 / SPACING, rel=0.1)  # diagonal steps


def test_a_hole_has_an_outline_of_its_own_whose_inside_is_the_object():
    ring = disc(70) & ~disc(30)
    strip = BorderStrip.along(ring)
    assert len(strip.outlines) == 2
    seen = strip.sample(np.where(ring, np.uint8(255), np.uint8(0)))
    assert (seen[: REACH - 1] == 255).all() and (seen[REACH + 2 :] == 0).all()


def test_what_is_rolled_up_is_where_it_was():
    silhouette = disc(50) | ((abs(X - 100) < 12) & (Y < 100) & (Y > 10))
    strip = BorderStrip.along(silhouette)
    picture = np.clip(2.5 * np.hypot(X - 80, Y - 90) / 2, 0, 255).astype(np.uint8)  # changes slowly
    back = strip.rolled_up(strip.sample(picture).astype(np.float32))
    near = abs(strip.distance) < REACH - 1
    assert np.median(np.abs(back - picture)[near]) < 2
    assert np.percentile(np.abs(back - picture)[near], 99) < 12  # columns cross one another at the corners


def test_distances_are_negative_inside():
    silhouette = disc(50)
    distance = BorderStrip.along(silhouette).distance
    assert (distance[silhouette] <= 0).all() and (distance[~silhouette] > 0).all()
    assert distance[100, 100] == pytest.approx(-50, abs=2.5)


def test_places_beyond_the_picture_are_known():
    strip = BorderStrip.along(disc(40, 30))
    assert strip.outside.any() and not strip.outside.all()
    assert (strip.places[strip.outside][:, 0] < 0).all()


def test_specks_have_no_strip():
    assert BorderStrip.along(disc(2)) is None
    assert BorderStrip.along(np.zeros((SIDE, SIDE), bool)) is None
