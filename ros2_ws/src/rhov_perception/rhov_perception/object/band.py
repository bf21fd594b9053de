"""Finds the border of the object near a given silhouette, by colour and by what networks say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.border_strip import REACH
from rhov_perception.object.color_model import EVIDENCE_LIMIT, ColorModel, color_cells
from rhov_perception.object.components import object_pieces
from rhov_perception.object.learned_border import BorderFinder
from rhov_perception.object.opinion import Opinion
from rhov_perception.object.region import Region

SURROUNDINGS = 13
"""Width of the strip outside the band whose colours are learnt as background [pixel]: what the far background looks
like does not help to find the border."""
LEAST_PIXELS = 50
"""A smaller object, background or hand gives no colour statistics [pixel]."""
SURE_HAND = 3.0
"""Pixels this deep inside the drawn hand show its colours, those at its border may not [pixel]."""
HAND_INSIDE, HAND_OUTSIDE, HAND_FADE = 0.7, 0.1, 12.0
"""How probably a pixel that is not object is hand: where the hand is drawn, which may be beside the hand that is seen;
far from there, because an arm goes on from it; and over how many pixels the one becomes the other."""
FILTER_RADIUS, FILTER_EDGE = 4, 10.0
"""How far pixels support one another [pixel], unless their colours differ by much more than this [of 255]."""
FILTER_SCALE = 0.5
"""The filter's coefficients are found in a picture reduced by this, in a quarter of the time."""
DISOWNED = -2.0
"""The colours of the object are not learnt where those seen so far speak against it this clearly [log odds]."""
COLOR_SHARE = 0.3
"""What the colours count for beside a network, which has been told of them."""
ALL_SURE = 40.0
"""Deeper than this inside the mask not even a network takes anything from it [pixel]."""
LEAST_OWN = 0.3
"""If the colours seen so far contradict more than the rest of the silhouette, they are not to be trusted."""


@dataclass(frozen=True)
class BandResult:
    """The object in one image."""

    mask: BoolArray
    """(H, W) one region, or the pieces that a hand leaves of it."""
    model: ColorModel
    """The colours that it was found with."""
    measured: ColorModel
    """What the colours are at the given silhouette, without the memory."""
    opinion: Opinion | None = None
    """What the network said, if it was asked."""


@dataclass(frozen=True)
class _Surroundings:
    """The part of an image around a silhouette."""

    image: ByteArray
    cells: NDArray[np.uint16]
    believed: BoolArray
    """Where the object is believed to be."""
    depth_inside: NDArray[np.float32]
    distance_outside: NDArray[np.float32]
    hand: BoolArray | None
    """Where the hand is drawn; None if nowhere."""

    @classmethod
    def cut(cls, image: ByteArray, silhouette: BoolArray, hand_mask: BoolArray | None, region: Region) -> _Surroundings:
        part = np.ascontiguousarray(image[region.slices])
        believed = np.ascontiguousarray(silhouette[region.slices])
        hand = None if hand_mask is None else np.ascontiguousarray(hand_mask[region.slices])
        hand = hand if hand is not None and hand.any() else None
        return cls(part, color_cells(part), believed, _distance(believed), _distance(~believed), hand)


def segment_band(
    image: ByteArray,
    silhouette: BoolArray,
    band: int,
    hand_mask: BoolArray | None = None,
    memory: ColorModel | None = None,
    memory_weight: float = 0.0,
    belief: float = 0.0,
    ask: Callable[[ColorModel], Opinion | None] | None = None,
    finder: BorderFinder | None = None,
) -> BandResult | None:
    """Segments the object near a silhouette. Beyond `band` from its border nothing changes, except under the hand.

    Colours decide between the object, its surroundings and the hand, whose arm and whose fingers need not be where
    they are drawn. Hand pixels are only *probably* not the object: hand detectors draw hidden fingers on top of what
    hides them, so there the colour decides, even in the middle of the silhouette.

    Args:
        image: (H, W, 3) BGR.
        silhouette: (H, W) where the object is believed to be.
        band: How far the border may move [pixel].
        hand_mask: (H, W) where the hand is drawn.
        memory: Colours known from before.
        memory_weight: 0 to 1, share of the memory against what is measured at this silhouette.
        belief: What the silhouette itself counts for in its middle, and against the object at the end of the band
            [natural logarithm of the odds].
        ask: What a network says, given the colours; it takes the place of `belief`, and reaches further inside.
        finder: A network that looks along the border; what it says is taken within its reach, if the band is no wider.

    Returns:
        None if the silhouette or its surroundings have too few pixels to tell colours apart.
    """
    region = Region.around(silhouette, band + SURROUNDINGS + 1)
    if region is None:
        return None
    here = _Surroundings.cut(image, silhouette, hand_mask, region)
    share = None if here.hand is None else hand_share(here.hand)
    measured = _measured(here, band, _own(here, share, memory))
    if measured is None:
        return None
    model = measured if memory is None else measured.blended(memory, memory_weight)
    evidence = np.clip(model.evidence(here.cells, share), -EVIDENCE_LIMIT, EVIDENCE_LIMIT)
    if finder is not None and band <= REACH:
        odds = finder.ask(here.image, here.believed, here.hand, evidence)
        if odds is not None:
            return BandResult(region.full(_bordered(here, band, odds, evidence), silhouette.shape), model, measured)
    opinion = None if ask is None else ask(model)
    if opinion is None:
        evidence += belief * np.clip((here.depth_inside - here.distance_outside) / band, -1, 1)
    else:
        evidence = COLOR_SHARE * evidence + opinion.inside(region)
    evidence = filtered(here.image, evidence)
    certain = here.depth_inside > (band if opinion is None else ALL_SURE)
    if here.hand is not None:
        certain &= ~here.hand
    found = (certain | (evidence > 0)) & (here.distance_outside <= band)
    found = object_pieces(found, here.hand, here.believed)
    return BandResult(region.full(found, silhouette.shape), model, measured, opinion)


def _bordered(here: _Surroundings, band: int, odds: NDArray[np.float32], evidence: NDArray[np.float32]) -> BoolArray:
    """The object (h, w): by the odds near the border, and where the hand is drawn deep inside, by colour."""
    certain = here.depth_inside > band
    if here.hand is not None:
        certain &= ~here.hand
        deep = here.hand & (here.depth_inside > REACH)
        if deep.any():
            odds = np.where(deep, filtered(here.image, evidence), odds)
    found = (certain | (odds > 0)) & (here.distance_outside <= band)
    return object_pieces(found, here.hand, here.believed)


def _own(here: _Surroundings, share: NDArray[np.float32] | None, memory: ColorModel | None) -> BoolArray:
    """The silhouette without what the colours seen so far say is something else: a finger, a thing in front."""
    if memory is None:
        return here.believed
    own = here.believed & (memory.evidence(here.cells, share) > DISOWNED)
    return own if np.count_nonzero(own) >= LEAST_OWN * np.count_nonzero(here.believed) else here.believed


def _measured(here: _Surroundings, band: int, own: BoolArray) -> ColorModel | None:
    """The colours at the silhouette."""
    around = ~here.believed & (here.distance_outside <= band + SURROUNDINGS)
    on_hand = None
    if here.hand is not None:
        own, around = _bare(own, here.hand), _bare(around, here.hand)
        sure = _distance(here.hand) > SURE_HAND
        # hidden fingers are drawn on the object, so what lies beside it shows the hand's colours best
        on_hand = next((part for part in (sure & ~here.believed, sure & ~own) if _is_enough(part)), None)
    if not (_is_enough(own) and _is_enough(around)):
        return None
    return ColorModel.measure(here.cells, own, around, on_hand)


def _bare(mask: BoolArray, hand: BoolArray) -> BoolArray:
    """A mask without the hand, if that leaves enough of it."""
    bare = mask & ~hand
    return bare if _is_enough(bare) else mask


def _is_enough(mask: BoolArray) -> bool:
    return np.count_nonzero(mask) >= LEAST_PIXELS


def hand_share(hand: BoolArray) -> NDArray[np.float32]:
    """How probably (H, W) a pixel that is not object is hand."""
    near = np.clip(1 - _distance(~hand) / HAND_FADE, 0, 1)
    return np.asarray(HAND_OUTSIDE + (HAND_INSIDE - HAND_OUTSIDE) * near, np.float32)


def filtered(image: ByteArray, evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evidence of neighbouring pixels of like colour, joined (guided filter, He et al. 2010)."""
    ximgproc: Any = cv2.ximgproc
    edge = FILTER_EDGE**2
    return np.asarray(ximgproc.guidedFilter(image, evidence, FILTER_RADIUS, edge, scale=FILTER_SCALE), np.float32)


def _distance(mask: BoolArray) -> NDArray[np.float32]:
    """Distance (H, W) of true pixels to the nearest false one [pixel]; the border of the image counts as neither."""
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3), np.float32)
