"""What the network that finds things in hands is taught with: pictures of them, and what is known of them beforehand.

That is a box, or the mask of the frame before carried along by the flow, made from the truth by spoiling it. Its
colours are learnt from there and from other pictures of the scene, as along a clip. The pictures are rendered by
`dev/render_held_objects.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rhov_core.arrays import BoolArray, ByteArray
from rhov_core.synth import textures
from rhov_perception.object.color_model import ColorModel, color_cells
from rhov_perception.object.network import SIDE
from rhov_perception.object.network_input import color_channel
from rhov_perception.object.spoilt_mask import beyond, blotched, displaced, side_of

STORED, LENGTH = 160, 160 / 2.4
"""Side of the stored pictures and length of the thing in them [pixel]."""
WIDEST, NARROWEST = 2.5, 1.4
"""The network sees pictures so many times as wide as the thing is long."""
BATCH = 24
"""Pictures that are learnt from at once."""
BOXES, NOTHING = 0.35, 0.05
"""Shares of pictures in which only a box, and nothing at all, is known of the object."""
BLURRED, LONGEST = 0.2, 14
"""Share of pictures of quick movements, and the longest way while the shutter is open [pixel]."""
FORGOTTEN = 0.35
"""Share of masks from which a part is gone: a side of the thing, or a face in another light."""
COLORED, BOX_COLORED, OWN_VIEW = 0.8, 0.25, 0.4
"""Shares of masks and of boxes that come with colours, and of colours from nothing but the picture itself."""
AROUND = 9
"""Width of the strip around a mask whose colours are learnt as background [pixel]."""
REPAINTED_OBJECT, REPAINTED_REST = 0.35, 0.25
"""Shares of pictures in which the object, and all but object and skin, is painted anew."""


class Pictures:
    """All pictures of a folder."""

    def __init__(self, files: list[Path]) -> None:
        tables = [np.load(file) for file in files]
        self.image = np.concatenate([t["image"] for t in tables])
        self.papers = papers(np.random.default_rng(1))
        self.masks = {name: np.concatenate([t[name] for t in tables]) for name in ("object", "skin", "whole", "drawn")}
        scene = np.concatenate([t["scene"] + (n << 32) for n, t in enumerate(tables)])
        first = np.flatnonzero(np.diff(scene, prepend=-1))
        number = np.cumsum(np.diff(scene, prepend=-1) != 0) - 1
        self.scenes = np.column_stack([first, np.append(first[1:], len(scene))])[number]

    def __len__(self) -> int:
        return len(self.image)

    def mask(self, name: str, i: int) -> ByteArray:
        """(STORED, STORED) 0 or 1."""
        return np.unpackbits(self.masks[name][i]).reshape(STORED, STORED)

    def example(self, i: int, rng: np.random.Generator) -> tuple[ByteArray, ByteArray, ByteArray, ByteArray, ByteArray]:
        """Cut at random.

        Returns:
            Image, drawn hand, what is known (0 to 255), what the colours say (-127 to 127), bits of object, skin and
            whole object (1, 2, 4).
        """
        image, masks = self._cut(i, rng)
        other, its = self._cut(int(rng.integers(*self.scenes[i])), rng)
        pair = np.concatenate([image, other], 1)
        both = {name: np.concatenate([masks[name], its[name]], 1) for name in masks}
        known, its_known = _known(image, masks, rng), _spoilt(other, its, rng)
        if rng.random() < REPAINTED_OBJECT:
            repaint(pair, both["object"], self.papers[int(rng.integers(len(self.papers)))], rng)
        if rng.random() < REPAINTED_REST:
            repaint(pair, 1 - both["object"] - both["skin"], self.papers[int(rng.integers(len(self.papers)))], rng)
        if rng.random() < 0.12:
            _cover(pair[:, :SIDE], {name: mask[:, :SIDE] for name, mask in both.items()}, rng)
        pair = photographed(pair, rng)
        image, other = np.ascontiguousarray(pair[:, :SIDE]), np.ascontiguousarray(pair[:, SIDE:])
        masks = {name: np.ascontiguousarray(mask[:, :SIDE]) for name, mask in both.items()}
        colors = np.zeros((SIDE, SIDE), np.int8)
        if rng.random() < (COLORED if known.max() > 128 else BOX_COLORED * (known.max() > 0)):
            model = colors_at(other, its_known > 0, its["drawn"] > 0)
            if known.max() > 128 and (model is None or rng.random() < OWN_VIEW):
                own = colors_at(image, known > 0, masks["drawn"] > 0)
                model = own if model is None or own is None else own.blended(model, rng.choice([0.0, 0.3, 0.7]))
            if model is not None:
                colors = (127 * color_channel(image, masks["drawn"] > 0, model)).astype(np.int8)
        return image, masks["drawn"], known, colors, masks["object"] + 2 * masks["skin"] + 4 * masks["whole"]

    def _cut(self, i: int, rng: np.random.Generator) -> tuple[ByteArray, dict[str, ByteArray]]:
        scale = SIDE / rng.uniform(NARROWEST, WIDEST) / LENGTH
        angle, flip = rng.normal(0, 0.25), 1 - 2 * int(rng.integers(2))
        c, s = scale * np.cos(angle), scale * np.sin(angle)
        A = np.array([[flip * c, -s], [flip * s, c]])
        centre = STORED / 2 + rng.normal(0, 0.06, 2) * LENGTH
        M = np.column_stack([A, SIDE / 2 - A @ centre])

        def cut(image: Any, **how: Any) -> Any:
            return cv2.warpAffine(image, M, (SIDE, SIDE), **how)

        masks = {name: (cut(255 * self.mask(name, i)) > 127).view(np.uint8) for name in self.masks}
        return cut(self.image[i], borderMode=cv2.BORDER_REPLICATE), masks


def colors_at(image: ByteArray, mask: BoolArray, hand: BoolArray) -> ColorModel | None:
    """The colours at a mask (H, W), as they are learnt along a clip."""
    around = cv2.dilate(mask.view(np.uint8), np.ones((2 * AROUND + 1, 2 * AROUND + 1), np.uint8)) > 0
    bare = mask & ~hand
    own = bare if np.count_nonzero(bare) > 30 else mask
    if np.count_nonzero(own) < 30:
        return None
    return ColorModel.measure(color_cells(image), own, around & ~mask & ~hand, hand & ~mask)


def papers(rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Pictures (S, S, 3) to paint things with."""
    made: list[Any] = []
    for _ in range(10):
        colors = [rng.uniform(0.02, 0.8, 3) for _ in range(4)]
        made += [textures.printed(rng, colors[0], colors[1:]), textures.label(rng, colors[0], colors[1])]
        made += [textures.room(rng), textures.cloth(rng, colors[1], True), textures.wood(rng, colors[2])]
    return [np.asarray(paper, np.float32) ** np.float32(1 / 2.2) for paper in made]


def repaint(image: ByteArray, mask: ByteArray, paper: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Gives a part of an image other colours, and leaves it its light and shade."""
    where = mask == 1
    if np.count_nonzero(where) < 20:
        return
    scale, angle = rng.uniform(0.15, 1.2), rng.uniform(0, 2 * np.pi)
    A = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    A = A @ np.array([[1.0, rng.normal(0, 0.3)], [0.0, rng.uniform(0.6, 1.6)]])
    M = np.column_stack([A, rng.uniform(0, len(paper), 2)])
    flags, size = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP, image.shape[1::-1]
    painted = cv2.warpAffine(paper, M, size, flags=flags, borderMode=cv2.BORDER_WRAP)[where]
    gray = image[where].mean(1, keepdims=True)
    shade = (gray / max(8.0, float(gray.mean()))) ** rng.uniform(0.4, 1.0)
    share = rng.uniform(0.6, 1.0)
    new = share * 255 * painted * shade + (1 - share) * image[where]
    image[where] = np.clip(new, 0, 255)


def _known(image: ByteArray, masks: dict[str, ByteArray], rng: np.random.Generator) -> ByteArray:
    """What may be known of the object beforehand, 0 to 255."""
    kind, known = rng.random(), np.zeros((SIDE, SIDE), np.uint8)
    if kind < NOTHING:
        return known
    if kind < NOTHING + BOXES:
        rows, columns = np.nonzero(masks["whole"])
        if len(rows):
            low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
            margin = rng.uniform(-0.01, 0.08, 4) * np.tile(high - low, 2)
            x0, y0 = np.maximum(low - margin[:2], 0).astype(int)
            x1, y1 = (high + margin[2:]).astype(int)
            known[y0 : y1 + 1, x0 : x1 + 1] = 128
        return known
    return _spoilt(image, masks, rng)


def _spoilt(image: ByteArray, masks: dict[str, ByteArray], rng: np.random.Generator) -> ByteArray:
    """The object's mask with errors, 0 or 255."""
    hand = (masks["drawn"] | masks["skin"]) > 0
    known = blotched(displaced(255 * masks["object"], rng), rng, leaks_into=hand)
    if rng.random() < FORGOTTEN:
        known[_part(image, known > 0, rng)] = 0
    if rng.random() < 0.2:
        known[(masks["whole"] > 0) & (rng.random() < 0.7)] = 255  # fingers taken for the object
    return known


def _part(image: ByteArray, mask: BoolArray, rng: np.random.Generator) -> BoolArray:
    """A side of what a mask (H, W) shows, or what is lighter or darker in it, as other faces of a thing are."""
    if rng.random() < 0.5 or not mask.any():
        return side_of(mask, rng)
    light = cv2.GaussianBlur(image.mean(2).astype(np.float32), (0, 0), 2.0)
    return beyond(mask, light * np.float32(rng.choice([-1, 1])), rng)


def _cover(image: ByteArray, masks: dict[str, ByteArray], rng: np.random.Generator) -> None:
    """Something else before the object."""
    shape = np.zeros((SIDE, SIDE), np.uint8)
    corners = rng.integers(0, SIDE, 2) + rng.normal(0, 14, (int(rng.integers(3, 6)), 2))
    cv2.fillConvexPoly(shape, cv2.convexHull(corners.astype(np.int32)), 1)
    image[shape > 0] = np.clip(rng.integers(0, 256, 3) + rng.normal(0, 4, (np.count_nonzero(shape), 3)), 0, 255)
    for name in ("object", "skin"):
        masks[name][shape > 0] = 0


def photographed(image: ByteArray, rng: np.random.Generator) -> ByteArray:
    """As other cameras, lamps and codecs show it."""
    x = image.astype(np.float32) / 255
    x = x ** np.float32(np.exp(rng.normal(0, 0.25)))
    x *= np.exp(rng.normal(0, 0.08, 3)).astype(np.float32) * np.float32(np.exp(rng.normal(0, 0.15)))
    gray = x.mean(2, keepdims=True)
    x = gray + np.float32(rng.choice([rng.uniform(0.4, 1.5), 1.0, 0.0], p=[0.6, 0.36, 0.04])) * (x - gray)
    x = 0.5 + np.float32(rng.uniform(0.75, 1.25)) * (x - 0.5) + np.float32(rng.normal(0, 0.05))
    if rng.random() < 0.3:
        light = rng.normal(1, 0.2, (3, 3 * x.shape[1] // SIDE)).astype(np.float32)
        light = cv2.resize(light, x.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        x *= light[..., None]
    if rng.random() < 0.4:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.4))
    if rng.random() < BLURRED:
        x = cv2.filter2D(x, -1, _way(rng))
    x += np.float32(rng.uniform(0, 0.035)) * rng.standard_normal(x.shape, np.float32)
    out = (x.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.3:
        coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])[1]
        out = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.asarray(out, np.uint8)


def _way(rng: np.random.Generator) -> NDArray[np.float32]:
    """A kernel for what moves while the shutter is open, in a few steps or in one go."""
    kernel = np.zeros((LONGEST + 1, LONGEST + 1), np.float32)
    end = rng.uniform(-LONGEST / 2, LONGEST / 2, 2)
    for t in np.linspace(-1, 1, int(rng.choice([2, 3, 5, 20]))):
        x, y = np.rint(LONGEST / 2 + t * end).astype(int)
        kernel[y, x] += 1
    return kernel / kernel.sum()


def batch(pictures: Pictures, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Inputs (N, INPUTS, SIDE, SIDE) and targets (N, 3, SIDE, SIDE)."""
    rows = [pictures.example(int(i), rng) for i in rng.integers(len(pictures), size=BATCH)]
    image, hand, known, colors, bits = (torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
    each = image.permute(0, 3, 1, 2) / 255 - 0.5, hand[:, None], known[:, None] / 255, colors[:, None] / 127
    x = torch.cat(each, 1).float()
    return x.to(memory_format=torch.channels_last), torch.stack([bits & 1, bits >> 1 & 1, bits >> 2], 1).float()
