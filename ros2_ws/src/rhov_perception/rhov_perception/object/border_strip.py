"""The surroundings of an outline, unrolled: one column for each point of it, one row for each distance from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray

REACH = 15
"""Rows go from this far inside the outline to this far outside, one for each pixel."""
ROWS = 2 * REACH + 1
SPACING = 2.7
"""Pixels of the outline for one column."""
SMOOTHED = 2.0
"""Directions are those of an outline without its steps from pixel to pixel [pixel]."""
SHORTEST = 24
"""Shorter outlines, of specks and small holes, are left out [pixel]."""
LEAST_COLUMNS = 8


@dataclass(frozen=True)
class BorderStrip:
    """Where the pixels of a strip are in a picture, and the other way round."""

    places: NDArray[np.float32]
    """(ROWS, N, 2) x, y of each place of the strip [pixel]; it may lie outside the picture."""
    outlines: tuple[tuple[int, int], ...]
    """First column of each closed outline and the one after its last."""
    column: NDArray[np.int32]
    """(H, W) the column that a pixel of the picture is nearest to."""
    distance: NDArray[np.float32]
    """(H, W) from the outline, negative inside [pixel]."""

    @classmethod
    def along(cls, silhouette: BoolArray) -> BorderStrip | None:
        """The strip along the outlines of a silhouette (H, W), those of its holes too; None if all are too short."""
        found, _ = cv2.findContours(
            np.ascontiguousarray(silhouette).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
        )
        chains = [chain[:, 0] for chain in found if len(chain) >= SHORTEST]
        if not chains:
            return None
        points, normals, outlines, first = [], [], [], 0
        elsewhere, number = np.ones(silhouette.shape, np.uint8), np.zeros(silhouette.shape, np.int32)
        for chain in chains:
            count = max(LEAST_COLUMNS, round(len(chain) / SPACING))
            point, normal = _smooth(chain)
            chosen = np.arange(count) * len(chain) // count
            points.append(point[chosen])
            normals.append(_outward(point[chosen], normal[chosen], silhouette))
            outlines.append((first, first + count))
            elsewhere[chain[:, 1], chain[:, 0]] = 0
            nearest = np.rint(np.arange(len(chain)) * count / len(chain)).astype(np.int32) % count
            number[chain[:, 1], chain[:, 0]] = first + nearest
            first += count
        row = np.arange(-REACH, REACH + 1, dtype=np.float32)[:, None, None]
        places = np.concatenate(points) + row * np.concatenate(normals)
        distance, label = cv2.distanceTransformWithLabels(elsewhere, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
        on = elsewhere == 0
        of_label = np.zeros(int(label.max()) + 1, np.int32)
        of_label[label[on]] = number[on]
        signed = np.where(silhouette, -distance, distance).astype(np.float32)
        return cls(places.astype(np.float32), tuple(outlines), of_label[label], signed)

    def sample(self, picture: ByteArray) -> ByteArray:
        """What a picture (H, W) or (H, W, C) shows at the strip's places, (ROWS, N) or (ROWS, N, C).

        Outside the picture it is what lies at its border.
        """
        x, y = self.places[..., 0], self.places[..., 1]
        return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    @property
    def outside(self) -> BoolArray:
        """(ROWS, N) which places lie outside the picture."""
        height, width = self.distance.shape
        x, y = self.places[..., 0], self.places[..., 1]
        return np.asarray((x < 0) | (y < 0) | (x > width - 1) | (y > height - 1))

    def rolled_up(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What values (ROWS, N) of the strip are in the picture (H, W); further away, those of the last row."""
        at = np.clip(self.distance + REACH, 0, ROWS - 1.001)
        row = at.astype(np.int32)
        share = at - row
        return (1 - share) * values[row, self.column] + share * values[row + 1, self.column]


def _smooth(chain: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points (P, 2) of a closed chain of pixels without its steps, and unit normals (P, 2) to one of its sides."""
    width = round(3 * SMOOTHED)
    weights = np.exp(-0.5 * (np.arange(-width, width + 1) / SMOOTHED) ** 2)
    around = np.concatenate([chain[-width:], chain, chain[:width]]).astype(np.float64)
    point: Any = np.stack([np.convolve(values, weights / weights.sum(), "valid") for values in around.T], 1)
    along = np.roll(point, -1, 0) - np.roll(point, 1, 0)
    normal = np.stack([along[:, 1], -along[:, 0]], 1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    return point.astype(np.float32), normal.astype(np.float32)


def _outward(point: NDArray[np.float32], normal: NDArray[np.float32], silhouette: BoolArray) -> NDArray[np.float32]:
    """The normals, turned so that the silhouette lies behind them."""
    last = np.array(silhouette.shape[::-1]) - 1
    ahead, behind = (np.clip(np.rint(point + way * normal).astype(int), 0, last) for way in (2, -2))
    wrong = silhouette[ahead[:, 1], ahead[:, 0]].sum() > silhouette[behind[:, 1], behind[:, 0]].sum()
    return -normal if wrong else normal
