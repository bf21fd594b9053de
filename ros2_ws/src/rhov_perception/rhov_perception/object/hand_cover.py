"""Where the hand and its arm are seen, by colours that are learnt along the clip.

A detected hand is drawn as a model of it was fitted: fingers beside themselves, hidden ones on top of what hides them,
and no arm at all. Its borders with the object are then taken for the object's own, and much of what is seen of the
object is taken for hidden.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.color_model import BINS, ColorModel, Histogram, color_cells, smoothed
from rhov_perception.object.region import Region

WORKING_PIXELS = 40_000
"""Of the image every so many rows and columns are looked at that about this many pixels remain ..."""
CLOSE = 40
"""... except this near to the object, where a border matters to the pixel [pixel]."""
SURE_DEPTH = 4.0
"""Pixels this deep inside the drawn hand and not on the object show the hand's colours [pixel]."""
SURE_DISTANCE = 25.0
"""Pixels this far outside show what is not the hand, if they are not on the object either [pixel]."""
OBJECT_MARGIN = 3
"""Pixels this near to the object's mask belong to neither [pixel]."""
LEAST_PIXELS = 75
"""Fewer pixels say nothing about colours, of those that are looked at."""
KEPT = 0.9
"""Share of the colours seen so far against those of a new frame, once there are enough of them."""
HAND_SHADED, REST_SHADED = 0.3, 0.1
"""Share of lighter and darker copies of the colours of the hand, whose fingers shade each other, and of the rest."""
SHADES = np.linspace(0.4, 1.3, 16)
"""Brightness of those copies."""
UNSEEN = 1e-5
"""Weight of "I have never seen this colour", in each histogram."""
EVIDENCE_LIMIT = 4.0
"""No single pixel's colour counts for more than this [natural logarithm of the odds]."""
SMOOTHING = 1.5
"""Standard deviation over which neighbouring pixels support one another [pixel]."""
BENEATH, REACH = 2.0, 12.0
"""What speaks against a hand on the object [log odds], farther than this from where one is drawn, or was covering it a
frame before if none is drawn [pixel]."""
CONTRADICTED = -3.0
"""Where a hand is drawn, it is believed unless the colours speak against it this clearly [log odds]."""
FINGER, LEAST_FINGER = 7, 0.03
"""Least width [pixel] and part of an object's mask of what is believed to be fingers on it."""
LEAST_BARE = 0.3
"""If less of a mask is left bare, its cover is not believed."""
LEAST_AREA, LEAST_COMMON, LEAST_ALONE = 60, 20, 400
"""Smallest region, smallest part of it where the hand was expected, and smallest region if it was expected nowhere
[pixel]."""


class HandCover:
    """Learns the colours of the hand and of the rest of the scene, and finds what the hand and its arm cover."""

    def __init__(self) -> None:
        self._hand = self._rest = np.zeros(BINS**3, np.float32)
        self._frames = 0
        self._last: BoolArray | None = None

    def find(
        self, image: ByteArray, drawn: BoolArray | None, on_object: BoolArray | None, colors: ColorModel | None
    ) -> BoolArray | None:
        """What the hand and its arm cover in the next image.

        Args:
            image: (H, W, 3) BGR.
            drawn: (H, W) where the hand is drawn; None where none was found.
            on_object: (H, W) about where the object is seen; None if that is not known.
            colors: Of the object so far; None: they are taken from `on_object`.

        Returns:
            (H, W); the drawn hand while its colours are not known, None if there is nothing.
        """
        step = max(1, round((image.shape[0] * image.shape[1] / WORKING_PIXELS) ** 0.5))
        cells = color_cells(np.ascontiguousarray(image[::step, ::step]))
        hand, thing = _reduced(drawn, step), _reduced(on_object, step)
        if hand is not None:
            self._learn(cells, hand, thing, step)
        if not self._frames:
            return drawn
        own = _object_colors(cells, hand, thing) if colors is None else colors.object_colors
        odds = np.log((self._hand + UNSEEN) / (np.maximum(self._rest, own) + UNSEEN))
        odds = np.clip(odds, -EVIDENCE_LIMIT, EVIDENCE_LIMIT).astype(np.float32)
        self._last = self._covered(cells, hand, thing, odds, step)
        if not self._last.any():
            return None
        height, width = image.shape[:2]
        cover = np.ascontiguousarray(self._last.repeat(step, 0).repeat(step, 1)[:height, :width])
        if on_object is not None and step > 1:
            _refine(cover, image, drawn, on_object, odds, step)
        return cover

    def _learn(self, cells: NDArray[np.uint16], hand: BoolArray, thing: BoolArray | None, step: int) -> None:
        inside, near = _distance(hand) > SURE_DEPTH / step, _distance(~hand) < SURE_DISTANCE / step
        if thing is not None:
            wide = _dilated(thing, round(OBJECT_MARGIN / step))
            inside, near = inside & ~wide, near | wide
        if self._last is not None:
            near |= self._last
        if min(np.count_nonzero(inside), np.count_nonzero(~near)) < LEAST_PIXELS:
            return
        self._frames += 1
        new = np.float32(max(1 - KEPT, 1 / self._frames))
        self._hand = (1 - new) * self._hand + new * _spread(_counted(cells, inside), HAND_SHADED)
        self._rest = (1 - new) * self._rest + new * _spread(_counted(cells, ~near), REST_SHADED)

    def _covered(
        self, cells: NDArray[np.uint16], hand: BoolArray | None, thing: BoolArray | None, odds: Histogram, step: int
    ) -> BoolArray:
        """The cover in the reduced image: regions of the hand's colours, where it is drawn or was before."""
        expected = self._last if hand is None else hand
        expected = expected if expected is not None and expected.any() else None
        evidence = _evidence(odds[cells], expected, thing, step)
        count, labels, stats, _ = cv2.connectedComponentsWithStats((evidence > 0).view(np.uint8), connectivity=4)
        area = stats[:, cv2.CC_STAT_AREA] * step**2
        if expected is not None:
            common = np.bincount(labels[expected], minlength=count) * step**2
            kept = (area > LEAST_AREA) & (common > LEAST_COMMON)
        else:
            kept = area > LEAST_ALONE
        kept[0] = False  # where the evidence speaks against a hand
        covered = np.asarray(kept[labels])
        return covered if hand is None else covered | (hand & (evidence > CONTRADICTED))


def bare(mask: BoolArray, cover: BoolArray | None) -> BoolArray:
    """A mask (H, W) of the object without the large regions of it that are covered (H, W), fingers on the object.

    At its border a mask and a cover overlap by errors of both; and if next to nothing is left bare, the cover is wrong.
    """
    if cover is None:
        return mask
    square = np.ones((FINGER, FINGER), np.uint8)
    solid = cv2.morphologyEx((mask & cover).view(np.uint8), cv2.MORPH_OPEN, square)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    area = np.count_nonzero(mask)
    large = stats[:, cv2.CC_STAT_AREA] >= LEAST_FINGER * area
    large[0] = False  # all that is not covered
    left = mask & ~large[labels]
    return left if large.any() and np.count_nonzero(left) >= LEAST_BARE * area else mask


def _evidence(
    odds: NDArray[np.float32], expected: BoolArray | None, thing: BoolArray | None, step: int
) -> NDArray[np.float32]:
    """Log odds (h, w) of a hand, given those of each pixel's colour, which are overwritten."""
    if expected is not None and thing is not None:
        odds[thing & (_distance(~expected) > REACH / step)] -= np.float32(BENEATH)
    return np.asarray(cv2.GaussianBlur(odds, (0, 0), SMOOTHING / step), np.float32)


def _refine(
    cover: BoolArray, image: ByteArray, drawn: BoolArray | None, on_object: BoolArray, odds: Histogram, step: int
) -> None:
    """Finds the borders of a cover (H, W) near the object at full size, in place."""
    region = Region.around(on_object, CLOSE)
    if region is None:
        return
    part = region.slices
    coarse, thing = np.ascontiguousarray(cover[part]), np.ascontiguousarray(on_object[part])
    hand = None if drawn is None else np.ascontiguousarray(drawn[part])
    expected = coarse if hand is None else hand
    cells = color_cells(np.ascontiguousarray(image[part]))
    evidence = _evidence(odds[cells], expected if expected.any() else None, thing, 1)
    fine = _dilated(coarse, step) & (evidence > 0)
    cover[part] = fine if hand is None else fine | (hand & (evidence > CONTRADICTED))


def _reduced(mask: BoolArray | None, step: int) -> BoolArray | None:
    """Every so many rows and columns of a mask; None if nothing is in them."""
    if mask is None:
        return None
    part = np.ascontiguousarray(mask[::step, ::step])
    return part if part.any() else None


def _object_colors(cells: NDArray[np.uint16], hand: BoolArray | None, thing: BoolArray | None) -> Histogram:
    """Colours of what is believed to be the object, without the drawn hand if that leaves enough."""
    if thing is None:
        return np.zeros(BINS**3, np.float32)
    bare = thing if hand is None else thing & ~hand
    return smoothed(_counted(cells, bare if np.count_nonzero(bare) >= LEAST_PIXELS // 4 else thing))


def _counted(cells: NDArray[np.uint16], where: BoolArray) -> Histogram:
    return np.bincount(cells[where], minlength=BINS**3).astype(np.float32)


def _spread(histogram: Histogram, share: float) -> Histogram:
    """Normalised and smoothed, with a share of lighter and darker copies."""
    return smoothed(smoothed(_shaded(histogram, np.float32(share), SHADES)))


@numba.njit(cache=True)
def _shaded(histogram: Histogram, share: np.float32, shades: NDArray[np.float64]) -> Histogram:
    out = (1 - share) * histogram
    for i in range(histogram.size):
        if histogram[i] > 0:
            blue, green, red = (i // BINS**2) + 0.5, (i // BINS % BINS) + 0.5, (i % BINS) + 0.5
            for shade in shades:
                if shade * max(blue, green, red) < BINS:
                    shaded = (int(blue * shade) * BINS + int(green * shade)) * BINS + int(red * shade)
                    out[shaded] += share / shades.size * histogram[i]
    return out


def _distance(mask: BoolArray) -> NDArray[np.float32]:
    """Distance (h, w) of true pixels to the nearest false one [pixel]."""
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3), np.float32)


def _dilated(mask: BoolArray, radius: int) -> BoolArray:
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), square).view(np.bool_)
