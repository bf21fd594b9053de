"""Teaches the network one object from its first frame (as OSVOS, Caelles 2017, and Lucid, Khoreva 2019)."""

from __future__ import annotations

import copy

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from rhov_core.arrays import ByteArray
from rhov_perception.object.color_model import ColorModel
from rhov_perception.object.first_sight import FirstSight
from rhov_perception.object.network import INPUTS, SIDE, HeldObjectNetwork
from rhov_perception.object.network_input import network_input
from rhov_perception.object.spoilt_mask import blotched, displaced, side_of

BATCH = 4
"""Pictures in one lesson."""
RATE = 3e-4
"""How fast Adam changes the weights: enough for one object, too little to forget what objects are."""
COLORED, FORGOTTEN = 0.8, 0.35
"""Shares of pictures that come with colours, and of masks from which a side is gone."""
SEED = 0


def taught(network: HeldObjectNetwork, sight: FirstSight, colors: ColorModel | None, lessons: int) -> HeldObjectNetwork:
    """A copy of the network that knows one object.

    Args:
        network: What every object is followed with.
        sight: What is known of this one.
        colors: Its colours and those around it; None if they are not known.
        lessons: Steps of training.
    """
    rng, student = np.random.default_rng(SEED), copy.deepcopy(network).train()
    optimizer = torch.optim.Adam(student.parameters(), RATE)
    for _ in range(lessons):
        x, truth, judged = _lesson(sight, colors, rng)
        optimizer.zero_grad()
        _loss(student(x)[:, 0], truth, judged).backward()
        optimizer.step()
    return student.eval().requires_grad_(False)


def _loss(said: Tensor, truth: Tensor, judged: Tensor) -> Tensor:
    """Cross entropy of the mask, and what the object's lacks of overlapping (Dice), where it is judged."""
    each = nn.functional.binary_cross_entropy_with_logits(said, truth, reduction="none")
    p, t = said.sigmoid() * judged, truth * judged
    dice = (2 * (p * t).sum((1, 2)) + 20) / (p.sum((1, 2)) + t.sum((1, 2)) + 20)
    return 4 * (each * judged).mean() + (1 - dice).mean()


def _lesson(sight: FirstSight, colors: ColorModel | None, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs (BATCH, INPUTS, SIDE, SIDE), where the object is (BATCH, SIDE, SIDE), and where that is sure."""
    x = np.zeros((BATCH, INPUTS, SIDE, SIDE), np.float32)
    truth, judged = np.zeros((2, BATCH, SIDE, SIDE), np.float32)
    for k in range(BATCH):
        image, mask, hand = sight.picture(SIDE, rng)
        known = blotched(displaced(mask, rng), rng)
        if rng.random() < FORGOTTEN:
            known[side_of(known > 0, rng)] = 0
        image = _photographed(image, rng)
        told = colors if rng.random() < COLORED else None
        x[k] = network_input(image, hand > 127, np.float32(1.0) * (known > 127), told)
        truth[k] = mask > 127
        judged[k] = cv2.morphologyEx(truth[k], cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) == 0
    inputs = torch.from_numpy(x).to(memory_format=torch.channels_last)
    return inputs, torch.from_numpy(truth), torch.from_numpy(judged)


def _photographed(image: ByteArray, rng: np.random.Generator) -> ByteArray:
    """The image (S, S, 3) a little lighter or darker, blurred and noisy."""
    x = (image / np.float32(255)) ** np.float32(np.exp(rng.normal(0, 0.1))) * np.float32(np.exp(rng.normal(0, 0.08)))
    if rng.random() < 0.3:
        x = np.asarray(cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.2)), np.float32)
    x += np.float32(rng.uniform(0, 0.02)) * rng.standard_normal(x.shape, np.float32)
    return np.asarray(x.clip(0, 1) * 255, np.uint8)
