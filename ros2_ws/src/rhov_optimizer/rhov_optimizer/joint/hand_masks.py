"""Whether the hand's masks were seen in the image or only drawn from the estimated hand."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray
from rhov_core.render import rasterize
from rhov_optimizer.joint.scene import Problem
from rhov_optimizer.registration.agreement import overlap

DRAWN_OVERLAP = 0.92
"""A mask that overlaps the hand's own first silhouette, widened, by this much was drawn from it."""
DRAWN_MARGINS = (0, 2, 3, 4, 5, 7, 10)
"""Widths that are tried [pixel], in this many frames."""
DRAWN_FRAMES = 9


def frames_with_hand_mask(problem: Problem) -> BoolArray:
    """(N,) where a hand was estimated and its mask holds anything."""
    if problem.hand is None:
        return np.zeros(len(problem), np.bool_)
    held = [record.hand_mask is not None and not record.hand_mask.is_empty for record in problem.records]
    return problem.hand.valid & np.array(held)


def masks_are_drawn(problem: Problem) -> bool:
    """Whether the masks were drawn from the estimated hand, as the embedded detector does: they say nothing new."""
    overlaps: list[float] = []
    for frame in np.flatnonzero(frames_with_hand_mask(problem))[:DRAWN_FRAMES]:
        mask = problem.records[frame].hand_mask
        if mask is not None:
            away, seen = distance_to(drawn_hand(problem, int(frame))), mask.unpack()
            overlaps.append(max(overlap(away <= margin, seen) for margin in DRAWN_MARGINS))
    return bool(overlaps) and bool(np.median(overlaps) > DRAWN_OVERLAP)


def drawn_hand(problem: Problem, frame: int) -> NDArray[np.uint8]:
    """(H, W) one where the hand is at the start."""
    assert problem.hand_model is not None
    assert problem.start.hand is not None
    vertices = problem.start.hand.vertices[frame : frame + 1].numpy()
    return (rasterize(vertices, problem.hand_model.faces, problem.camera)[0][0] >= 0).astype(np.uint8)


def widened(mask: NDArray[np.uint8], margin: int) -> BoolArray:
    """A mask (H, W) grown by a margin on all sides [pixel]."""
    return distance_to(mask) <= margin


def distance_to(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance (H, W) of each pixel to the nearest that is set [pixel]; very large if none is."""
    return cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 3).astype(np.float32, copy=False)
