"""Matching binary descriptors among the features that lie near a predicted pixel."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from rhov_core.arrays import ByteArray, FloatArray

LARGEST_DISTANCE = 0.3
"""A partner differs in at most this fraction of the bits; unrelated descriptors differ in a half."""
SAME_CORNER = 4.0
"""Two candidates this near to each other [pixel] are one corner, found at two scales."""


class GatedMatcher:
    """The features of one frame, ordered for look-up by place.

    Args:
        pixels: (N, 2) [pixel].
        descriptors: (N, D)
        gate: A candidate is at most this far from the prediction, by column and by row [pixel].
        ratio: Its Hamming distance must be below this times that of the next best candidate which is not the
            same corner.
    """

    def __init__(self, pixels: FloatArray, descriptors: ByteArray, gate: float, ratio: float) -> None:
        self._order = np.argsort(pixels[:, 1], kind="stable")
        self._pixels = np.ascontiguousarray(pixels[self._order])
        self._size = descriptors.shape[1]
        self._words = _as_words(descriptors[self._order])
        self._gate, self._ratio = gate, ratio

    def match(self, predicted: FloatArray, descriptors: ByteArray) -> NDArray[np.int64]:
        """The partners of features whose places are predicted.

        Args:
            predicted: (M, 2) [pixel]; NaN where a feature cannot be seen.
            descriptors: (M, D)

        Returns:
            (M,) indices of this frame's features, -1 without a partner.
        """
        if not len(self._pixels) or not len(predicted) or descriptors.shape[1] != self._size:
            return np.full(len(predicted), -1, np.int64)
        first = np.searchsorted(self._pixels[:, 1], predicted[:, 1] - self._gate)
        end = np.searchsorted(self._pixels[:, 1], predicted[:, 1] + self._gate)
        found = _match(
            predicted, _as_words(descriptors), self._pixels, self._words, first, end, self._gate, self._ratio
        )
        return np.where(found >= 0, self._order[found], -1)


def _as_words(descriptors: ByteArray) -> NDArray[np.uint64]:
    """Descriptors (N, D) as rows of 64-bit words, padded with zeros."""
    n, size = descriptors.shape
    padded = np.zeros((n, -(-size // 8) * 8), np.uint8)
    padded[:, :size] = descriptors
    return padded.view(np.uint64)


@intrinsic
def _bits_set(typing_context: Any, word: Any) -> Any:
    """Number of bits set in a 64-bit word: one instruction of the processor."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@numba.njit(cache=True)
def _match(predicted, words, pixels, seen_words, first, end, gate, ratio):  # type: ignore[no-untyped-def]
    partner = np.full(predicted.shape[0], -1, np.int64)
    candidate, distance = np.empty(pixels.shape[0], np.int64), np.empty(pixels.shape[0], np.int64)
    bits = 64 * words.shape[1]
    for i in range(predicted.shape[0]):
        u = predicted[i, 0]
        best, nearest, count = bits + 1, -1, 0
        for j in range(first[i], end[i]):
            if abs(pixels[j, 0] - u) < gate:  # a prediction of NaN passes no gate
                total = np.uint64(0)
                for k in range(words.shape[1]):
                    total += _bits_set(words[i, k] ^ seen_words[j, k])  # type: ignore[call-arg]
                candidate[count], distance[count] = j, np.int64(total)
                if distance[count] < best:
                    best, nearest = distance[count], j
                count += 1
        if nearest < 0 or best > LARGEST_DISTANCE * bits:
            continue
        second = bits
        for c in range(count):
            if distance[c] < second:
                du = pixels[candidate[c], 0] - pixels[nearest, 0]
                dv = pixels[candidate[c], 1] - pixels[nearest, 1]
                if du * du + dv * dv > SAME_CORNER * SAME_CORNER:
                    second = distance[c]
        if best < ratio * second:
            partner[i] = nearest
    return partner
