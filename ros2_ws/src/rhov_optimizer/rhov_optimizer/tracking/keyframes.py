"""Keyframes: features of earlier frames, fixed on the object's surface, and their matches in a new frame."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray, FloatArray
from rhov_optimizer.registration.jacobian import project
from rhov_optimizer.registration.surface import SurfaceView, lookup
from rhov_optimizer.tracking.gated_matcher import GatedMatcher

SURFACE_MARGIN = 3
"""Features this near to the silhouette [pixel] may belong to the background."""

NEAR = 0.6
"""Features are expected to be found again from views turned less than this [rad]."""


@dataclass(frozen=True, eq=False)
class Keyframe:
    """Features of one frame with their places on the object."""

    frame_index: int
    rotation: FloatArray
    """(3, 3) of the pose at that frame."""
    points: FloatArray
    """(N, 3) in the centred mesh's frame [m]."""
    pixels: FloatArray
    """(N, 2) where they were in that frame [pixel]."""
    descriptors: ByteArray
    """(N, D)"""

    @classmethod
    def from_view(
        cls,
        frame_index: int,
        view: SurfaceView,
        pixels: FloatArray,
        descriptors: ByteArray,
        hand: BoolArray | None,
        least_cosine: float,
        most: int,
    ) -> Keyframe:
        """Puts the features of a frame on the object's surface.

        Args:
            frame_index: The frame.
            view: The object at its pose in that frame.
            pixels: (N, 2) features [pixel].
            descriptors: (N, D)
            hand: (H, W) where features are on the hand instead.
            least_cosine: Features on faces seen more obliquely than this cosine are left out.
            most: How many features are kept, spread over the list.
        """
        points, cosines = view.unproject(pixels)
        good = (cosines >= least_cosine) & view.inside(pixels, SURFACE_MARGIN)
        if hand is not None:
            good &= ~lookup(hand, pixels)
        index = np.flatnonzero(good)
        if len(index) > most:
            index = index[np.linspace(0, len(index) - 1, most).astype(np.int64)]
        return cls(frame_index, view.T[:3, :3].copy(), points[index], pixels[index], descriptors[index])

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True)
class Matches:
    """Features of a frame that were found in keyframes."""

    points: FloatArray
    """(N, 3) on the object, in the centred mesh's frame [m]."""
    pixels: FloatArray
    """(N, 2) in the frame [pixel]."""
    keyframe: NDArray[np.int64]
    """(N,) frame index of the keyframe."""
    keyframe_pixels: FloatArray
    """(N, 2) in the keyframe [pixel]."""

    @classmethod
    def join(cls, parts: Iterable[tuple[Keyframe, NDArray[np.int64], FloatArray]]) -> Matches:
        """Collects (keyframe, indices of its features (N,), their pixels (N, 2) in the frame)."""
        found = list(parts)
        if not found:
            return cls(np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2)))
        return cls(
            np.concatenate([key.points[index] for key, index, _ in found]),
            np.concatenate([pixels for _, _, pixels in found]),
            np.concatenate([np.full(len(index), key.frame_index, np.int64) for key, index, _ in found]),
            np.concatenate([key.pixels[index] for key, index, _ in found]),
        )

    def __len__(self) -> int:
        return len(self.points)


class KeyframeStore:
    """All keyframes of a track."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._keyframes: list[Keyframe] = []

    def __len__(self) -> int:
        return len(self._keyframes)

    def __iter__(self) -> Iterator[Keyframe]:
        return iter(self._keyframes)

    def add(self, keyframe: Keyframe) -> None:
        """Keeps a keyframe."""
        self._keyframes.append(keyframe)

    def angle_to_nearest(self, rotation: FloatArray) -> float:
        """Smallest rotation [rad] between (3, 3) and a keyframe; infinite without keyframes."""
        if not self._keyframes:
            return float("inf")
        trace = max(float(np.vdot(k.rotation, rotation)) for k in self._keyframes)
        return math.acos(min(max((trace - 1) / 2, -1.0), 1.0))

    def richest(self, rotation: FloatArray | None) -> int:
        """Number of features of the richest keyframe that is turned less than `NEAR` against a rotation (3, 3).

        Without a rotation, of all keyframes.
        """
        least = -np.inf if rotation is None else 1 + 2 * np.cos(NEAR)
        near = [len(k) for k in self._keyframes if rotation is None or np.sum(k.rotation * rotation) > least]
        return max(near, default=0)

    def nearest(self, rotation: FloatArray, count: int) -> list[Keyframe]:
        """The `count` keyframes seen most alike, and the first one, which has collected no drift."""
        order = sorted(self._keyframes, key=lambda k: -float(np.sum(k.rotation * rotation)))[:count]
        return order if not order or self._keyframes[0] in order else [*order, self._keyframes[0]]

    def match(
        self, T: FloatArray, K: FloatArray, pixels: FloatArray, descriptors: ByteArray, *, gate: float, count: int
    ) -> Matches:
        """Finds the features of the nearest keyframes in a frame, near to where the pose predicts them.

        A match is accepted when its Hamming distance is below `ratio` times that of the next best candidate
        inside the gate that is not the same corner.

        Args:
            T: (4, 4) predicted pose.
            K: (3, 3) [pixel].
            pixels: (N, 2) features of the frame [pixel].
            descriptors: (N, D)
            gate: Largest distance to the prediction by column and by row [pixel].
            count: How many keyframes.
        """
        if not len(pixels):
            return Matches.join([])
        parts = []
        seen = GatedMatcher(pixels, descriptors, gate, self._ratio)
        for key in self.nearest(T[:3, :3], count):
            partner = seen.match(project(key.points, T, K), key.descriptors)
            index = np.flatnonzero(partner >= 0)
            parts.append((key, index, pixels[partner[index]]))
        return Matches.join(parts)
