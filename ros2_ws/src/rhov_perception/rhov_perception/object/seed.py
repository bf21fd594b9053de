"""The object in the first frame, from a box that a person drew around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.errors import InputError
from rhov_perception.object.band import EVIDENCE_LIMIT
from rhov_perception.object.carving import carved
from rhov_perception.object.color_model import ColorModel, color_cells
from rhov_perception.object.components import object_pieces
from rhov_perception.object.learned import HeldObjectFinder
from rhov_perception.object.region import Region

Box = tuple[int, int, int, int]
"""x, y of the top-left pixel, width, height [pixel]."""

LEAST_SIDE = 12
"""Shortest side of a box in which colours can be told apart [pixel]."""
GRABCUT_ROUNDS = 5
WORKING_PIXELS = 60_000
"""GrabCut works on a picture reduced to at most this many pixels."""
SPECKLE = 3
"""Width of what counts as a speck in the reduced picture [pixel]."""
SMOOTHING = 1.5
"""Standard deviation over which neighbouring pixels support one another in the first guess [pixel]."""
SURE_HAND = 5
"""Width of the square by which the drawn hand is eroded to where its colours are learnt [pixel]."""
HAND_INSIDE, HAND_OUTSIDE = 0.7, 0.3
"""How probably a pixel of the box that is not object is hand, where the hand is drawn and elsewhere."""
WIDE, STRICT = 0.0, 0.6
"""How clearly a pixel's colour must speak for the object in the first guess [log odds]. The strict guess leaves out
background that is in the box; but if nothing stands out from the wide one, there is no object."""
SURE_OBJECT, SURE_REST = 3.0, -5.0
"""What the network says more clearly is not left to the colours [log odds]."""
LEAST_LIKELY = 0.2
"""If less of the box's free part than this has colours of its own, the whole of it is GrabCut's first guess."""
TOUCH = 5
"""Width of the strip inside a box side in which the mask counts as touching that side [pixel]."""
CUT_REACH = 8
"""Width of the strip outside a box side that is searched for the object [pixel]."""
CUT_GAP = 12
"""Width of the strip around the box that is not used to learn the colours of the background [pixel]."""
CUT_FRACTION = 0.08
"""A side cuts the object if more than this part of its length has object colours on both sides."""


@dataclass(frozen=True)
class Seed:
    """The object as found inside the box."""

    mask: BoolArray
    """(H, W)"""
    cut_sides: tuple[str, ...]
    """Sides of the box ("left", "top", "right", "bottom") beyond which the object seems to go on."""


def check_box(box: Box, width: int, height: int) -> Region:
    """The region of a box.

    Raises:
        InputError: If the box does not lie in the image, is too small, or leaves no background around it.
    """
    x, y, w, h = (int(value) for value in box)
    accepted = f"x,y,width,height inside the {width}x{height} image, at least {LEAST_SIDE} pixels wide and high"
    if w < LEAST_SIDE or h < LEAST_SIDE:
        raise InputError(f"the box {x},{y},{w},{h} is too small", accepted, "draw it around the whole object")
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise InputError(f"the box {x},{y},{w},{h} reaches outside the image", accepted, "draw it inside the image")
    if w * h > 0.95 * width * height:
        raise InputError(f"the box {x},{y},{w},{h} is the whole image", accepted, "draw it closer to the object")
    return Region(x, y, x + w, y + h)


def segment_box(
    image: ByteArray, box: Box, hand_mask: BoolArray | None = None, finder: HeldObjectFinder | None = None
) -> Seed:
    """Segments the object inside a box with GrabCut (Rother et al. 2004), from colours and from what a network says.

    Args:
        image: (H, W, 3) BGR.
        box: Around the whole object, not much larger.
        hand_mask: (H, W) where the hand is drawn: probably, not certainly, not the object.
        finder: The network; None without one.

    Raises:
        InputError: If the box is refused by `check_box` or nothing in it stands out from its surroundings.
    """
    inner = check_box(box, image.shape[1], image.shape[0])
    mask = _stands_out(image, inner, hand_mask)
    if finder is not None and mask.any():
        mask = _agreed(image, inner, hand_mask, mask, finder)
    if np.count_nonzero(mask) < LEAST_SIDE**2 / 2:
        raise InputError(
            f"nothing in the box {','.join(map(str, box))} stands out from its surroundings",
            "a box around the object and little else",
            "draw it closer, or choose another frame",
        )
    return Seed(mask, _cut_sides(image, mask, inner))


def _agreed(
    image: ByteArray, box: Region, hand_mask: BoolArray | None, by_color: BoolArray, finder: HeldObjectFinder
) -> BoolArray:
    """What GrabCut makes of what the network says (H, W), of the box and of what stands out from it by its colours."""
    odds: list[NDArray[np.float32]] = []
    known: list[BoolArray | Region] = [box, by_color]
    if (first := finder.ask(image, hand_mask, box)) is not None:
        known[0] = box.full(first.inside(box) > 0, image.shape)
    region = box.grown(max(box.x1 - box.x0, box.y1 - box.y0) // 2, image.shape)
    for mask in known:
        opinion = finder.ask(image, hand_mask, mask) or first
        if opinion is not None:
            odds.append(opinion.inside(region))
    said = np.mean(odds, axis=0)
    labels = np.where(said > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[said > SURE_OBJECT], labels[said < SURE_REST] = cv2.GC_FGD, cv2.GC_BGD
    inside = box.full(np.ones((box.y1 - box.y0, box.x1 - box.x0), np.bool_), image.shape)
    labels[~inside[region.slices]] = cv2.GC_BGD
    found = _grabcut(np.ascontiguousarray(image[region.slices]), labels)
    mask = region.full(found, image.shape) & inside
    return mask if np.count_nonzero(mask) >= LEAST_SIDE**2 / 2 else by_color


def _stands_out(image: ByteArray, box: Region, hand_mask: BoolArray | None) -> BoolArray:
    """What GrabCut finds in the box (H, W)."""
    height, width = image.shape[:2]
    region = box.grown(max(box.x1 - box.x0, box.y1 - box.y0) // 2, image.shape)
    part = region.slices
    hand = np.zeros((height, width), np.bool_) if hand_mask is None else hand_mask
    inside = box.full(np.ones((box.y1 - box.y0, box.x1 - box.x0), np.bool_), (height, width))
    picture, near_hand = np.ascontiguousarray(image[part]), np.ascontiguousarray(hand[part])
    in_box = np.ascontiguousarray(inside[part])
    wide, strict = (_grabcut(picture, _first_guess(picture, in_box, near_hand, odds)) for odds in (WIDE, STRICT))
    found = strict if wide.any() and strict.any() else wide
    mask = region.full(object_pieces(found, near_hand, large=True), (height, width)) & inside
    return carved(image, mask, hand_mask)


def _first_guess(image: ByteArray, inside: BoolArray, hand: BoolArray, least_odds: float) -> NDArray[np.uint8]:
    """What GrabCut starts from: object is what is more frequent in the box than around it and on the hand.

    Args:
        image: (H, W, 3) the box and its surroundings.
        inside: (H, W) the box.
        hand: (H, W) where the hand is drawn.
        least_odds: How clearly a pixel's colour must speak for the object [log odds].

    Returns:
        GrabCut's labels (H, W).
    """
    cells = color_cells(image)
    sure = cv2.erode(hand.view(np.uint8), np.ones((SURE_HAND, SURE_HAND), np.uint8)).view(np.bool_)
    on_hand = sure & ~inside  # hidden fingers are drawn on the object
    if np.count_nonzero(on_hand) < LEAST_SIDE**2:
        on_hand = sure
    model = ColorModel.measure(cells, inside & ~hand, ~inside & ~hand, on_hand)
    share = np.where(hand, HAND_INSIDE, HAND_OUTSIDE).astype(np.float32)
    evidence = np.clip(model.evidence(cells, share), -EVIDENCE_LIMIT, EVIDENCE_LIMIT)
    likely = cv2.GaussianBlur(evidence, (0, 0), SMOOTHING) > least_odds
    if np.count_nonzero(likely & inside) < LEAST_LIKELY * np.count_nonzero(inside & ~hand):
        likely = ~hand  # the colours do not tell the object apart
    labels = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    labels[inside] = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[inside]
    return labels


def _grabcut(image: ByteArray, labels: NDArray[np.uint8]) -> BoolArray:
    """Runs GrabCut on a reduced picture and returns the foreground at full size."""
    height, width = labels.shape
    scale = min(1.0, (WORKING_PIXELS / labels.size) ** 0.5)
    size = max(round(width * scale), 8), max(round(height * scale), 8)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    trimap = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    if not np.isin(trimap, (cv2.GC_PR_FGD, cv2.GC_FGD)).any():
        return np.zeros(labels.shape, np.bool_)  # the hand covers the whole box
    cv2.setRNGSeed(0)  # GrabCut's clusters start from random colours
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, trimap, (0, 0, 1, 1), background, foreground, GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    opened = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((SPECKLE, SPECKLE), np.uint8))
    full = cv2.resize(opened.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full > 0.5)


def _cut_sides(image: ByteArray, mask: BoolArray, box: Region) -> tuple[str, ...]:
    """Sides of the box where the object's colours go on outside, next to where they or the mask touch the side."""
    near, far = box.grown(CUT_GAP, mask.shape), box.grown(4 * CUT_GAP, mask.shape)
    shape = (mask.shape[0], mask.shape[1])
    around = far.full(np.ones((far.y1 - far.y0, far.x1 - far.x0), np.bool_), shape)
    around[near.slices] = False
    part = far.slices
    cells = color_cells(np.ascontiguousarray(image[part]))
    model = ColorModel.measure(cells, np.ascontiguousarray(mask[part]), np.ascontiguousarray(around[part]))
    likely = np.zeros(shape, np.bool_)
    likely[part] = cv2.GaussianBlur(model.evidence(cells), (0, 0), SMOOTHING) > 0
    near_side = mask | likely  # the mask alone may keep away from a side that cuts the object
    x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
    lines = {
        "left": (near_side[y0:y1, x0 : x0 + TOUCH].any(1), likely[y0:y1, max(x0 - CUT_REACH, 0) : max(x0 - 2, 0)], 1),
        "top": (near_side[y0 : y0 + TOUCH, x0:x1].any(0), likely[max(y0 - CUT_REACH, 0) : max(y0 - 2, 0), x0:x1], 0),
        "right": (near_side[y0:y1, x1 - TOUCH : x1].any(1), likely[y0:y1, x1 + 2 : x1 + CUT_REACH], 1),
        "bottom": (near_side[y1 - TOUCH : y1, x0:x1].any(0), likely[y1 + 2 : y1 + CUT_REACH, x0:x1], 0),
    }
    cut = []
    for side, (touches, outside, axis) in lines.items():
        goes_on = outside.mean(axis) > 0.5 if outside.shape[axis] else np.zeros_like(touches)
        if np.count_nonzero(touches & goes_on) > CUT_FRACTION * len(touches):
            cut.append(side)
    return tuple(cut)
