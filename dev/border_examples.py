"""What the network that finds borders is taught with: strips along silhouettes that are not quite right.

A silhouette is the whole object's in a rendered picture, shifted, turned, scaled and bent as by a wrong pose. The
colours are learnt there and in another picture of the scene, as along a clip.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from held_examples import colors_at, photographed, repaint
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.band import hand_share, segment_band
from rhov_perception.object.border_strip import BorderStrip
from rhov_perception.object.color_model import color_cells
from rhov_perception.object.config import ObjectEstimatorConfig
from rhov_perception.object.learned_border import strip_channels

COLUMNS = 144
"""Of a strip that is learnt from: a part of the longest outline, or all of it more than once."""
WRONG, SHARES = (0.6, 2.5, 8.0), (0.3, 0.35, 0.35)
"""How far silhouettes are off [pixel], from a followed pose's to a searched one's, and how often."""
BENT = 0.5
"""Share of silhouettes that have not the object's shape, as from another side of it."""
REPAINTED_OBJECT, REPAINTED_REST, COVERED = 0.3, 0.25, 0.12
"""Shares of pictures in which the object, and all but object and skin, is painted anew, and something covers it."""
FORGOTTEN, NEWER = 0.05, 0.5
"""Shares of silhouettes before which no colours are known, and of colours that this picture's are among."""
BAND = 11
"""How far the tracker lets a border move [pixel]."""
LEAST = 150
"""Smaller silhouettes are not learnt from [pixel]."""

Picture = tuple[ByteArray, dict[str, BoolArray]]
"""An image (H, W, 3) and masks (H, W): object, skin, whole, drawn; see `dev/render_held_objects.py`."""


def example(
    picture: Picture, other: Picture, papers: list[NDArray[np.float32]], rng: np.random.Generator
) -> tuple[ByteArray, ByteArray] | None:
    """A strip.

    Args:
        picture: What the strip is from.
        other: Another one of the scene.
        papers: To paint things with.
        rng: For all that is drawn.

    Returns:
        Channels (ROWS, COLUMNS, 7) and where the object is seen, (ROWS, COLUMNS) 0 to 255; None if the silhouette is
        too small.
    """
    (image, masks), (before, its) = _changed(picture, other, papers, rng)
    memory = None
    if rng.random() >= FORGOTTEN:
        memory = colors_at(before, _spoilt(its["object"], rng, float(rng.choice([0.5, 1.5]))), its["drawn"])
        own = colors_at(image, _spoilt(masks["object"], rng, 1.0), masks["drawn"])
        if memory is not None and own is not None and rng.random() < NEWER:
            memory = own.blended(memory, float(rng.choice([0.2, 0.5, 0.8])))
    silhouette = _spoilt(masks["whole"], rng, float(rng.choice(WRONG, p=SHARES)), BENT)
    hand = masks["drawn"] if masks["drawn"].any() else None
    if np.count_nonzero(silhouette) < LEAST:
        return None
    found = segment_band(image, silhouette, BAND, hand, memory, ObjectEstimatorConfig().color_memory_at_pose)
    strip = BorderStrip.along(silhouette)
    if found is None or strip is None:
        return None
    evidence = found.model.evidence(color_cells(image), None if hand is None else hand_share(hand))
    seen = strip_channels(strip, image, silhouette, hand, evidence)
    truth = strip.sample(_bytes(masks["object"]))
    first, last = max(strip.outlines, key=lambda ends: ends[1] - ends[0])
    columns = first + (int(rng.integers(last - first)) + np.arange(COLUMNS)) % (last - first)
    return seen[:, columns], truth[:, columns]


def _changed(
    picture: Picture, other: Picture, papers: list[NDArray[np.float32]], rng: np.random.Generator
) -> tuple[Picture, Picture]:
    """Both pictures with other paints, another camera, and something before the object in the first."""
    width, height = picture[0].shape[1], max(picture[0].shape[0], other[0].shape[0])
    pair: Any = np.concatenate([_padded(picture[0], height), _padded(other[0], height)], 1)
    both = {
        name: np.concatenate([_padded(masks[name].view(np.uint8), height) for _, masks in (picture, other)], 1)
        for name in ("object", "skin")
    }
    if rng.random() < REPAINTED_OBJECT:
        repaint(pair, both["object"], papers[int(rng.integers(len(papers)))], rng)
    if rng.random() < REPAINTED_REST:
        rest = 1 - np.maximum(both["object"], both["skin"])
        repaint(pair, rest, papers[int(rng.integers(len(papers)))], rng)
    masks = dict(picture[1])
    if rng.random() < COVERED:
        shape = _thing(picture[0].shape[:2], rng)
        part = pair[: len(shape), :width]
        part[shape] = np.clip(rng.integers(0, 256, 3) + rng.normal(0, 4, (np.count_nonzero(shape), 3)), 0, 255)
        masks["object"] = masks["object"] & ~shape
    pair = photographed(pair, rng)
    image = np.ascontiguousarray(pair[: len(picture[0]), :width])
    before = np.ascontiguousarray(pair[: len(other[0]), width:])
    return (image, masks), (before, other[1])


def _padded(image: Any, height: int) -> Any:
    return cv2.copyMakeBorder(image, 0, height - len(image), 0, 0, cv2.BORDER_REPLICATE)


def _thing(shape: tuple[int, int], rng: np.random.Generator) -> BoolArray:
    """(H, W) something with straight edges."""
    corners = rng.uniform(0, 1, 2) * shape[::-1] + rng.normal(0, 22, (int(rng.integers(3, 6)), 2))
    drawn = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(drawn, cv2.convexHull(corners.astype(np.int32)), 1)
    return drawn.view(np.bool_)


def _spoilt(mask: BoolArray, rng: np.random.Generator, amount: float, bent: float = 0.0) -> BoolArray:
    """A mask that is wrong by about so many pixels."""
    rows, columns = np.nonzero(mask)
    if len(rows) < LEAST // 2:
        return np.zeros_like(mask)
    centre = np.array([columns.mean(), rows.mean()])
    length = max(np.ptp(columns), np.ptp(rows), 1)
    A = np.eye(2) + rng.normal(0, 1.2 * amount / length, (2, 2))
    M = np.column_stack([A, centre + rng.normal(0, 0.6 * amount, 2) - A @ centre])
    size = mask.shape[1], mask.shape[0]
    moved: Any = cv2.warpAffine(_bytes(mask), M, size)
    if rng.random() < bent:
        field = rng.normal(0, 0.7 * amount, (4, 4, 2)).astype(np.float32)
        x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
        by = cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)
        moved = cv2.remap(moved, x + by[..., 0], y + by[..., 1], cv2.INTER_LINEAR)
    return np.asarray(moved > 127)


def _bytes(mask: BoolArray) -> ByteArray:
    return np.where(mask, np.uint8(255), np.uint8(0))
