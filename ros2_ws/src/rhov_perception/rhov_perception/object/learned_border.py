"""What a network that was taught with rendered pictures says about the object's border near a silhouette."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray
from rhov_perception.object.border_network import BorderNetwork
from rhov_perception.object.border_strip import REACH, ROWS, BorderStrip
from rhov_perception.object.color_model import EVIDENCE_LIMIT
from rhov_perception.object.network_parts import with_weights

LIMIT = 6.0
"""Log odds beyond this are all the same."""
OVERLAP = 10
"""Columns by which a closed outline is continued at both ends of its part of the strip."""


class BorderFinder:
    """Asks the network."""

    def __init__(self) -> None:
        self._network = _network()

    def __reduce__(self) -> tuple[type[BorderFinder], tuple[()]]:
        """The weights come with the package, so no snapshot needs to hold them."""
        return BorderFinder, ()

    def ask(
        self, image: ByteArray, silhouette: BoolArray, hand: BoolArray | None, evidence: NDArray[np.float32]
    ) -> NDArray[np.float32] | None:
        """How surely the pixels near the outline of a silhouette show the object.

        Args:
            image: (H, W, 3) BGR.
            silhouette: (H, W) of the object, nearly where it is.
            hand: (H, W) where the hand is drawn.
            evidence: (H, W) what the colours say [log odds].

        Returns:
            Log odds (H, W), which mean something up to `border_strip.REACH` pixels from the outline; None if the
            silhouette is too small for an outline.
        """
        strip = BorderStrip.along(silhouette)
        if strip is None:
            return None
        columns = np.concatenate([_continued(first, last) for first, last in strip.outlines])
        own = np.concatenate([_own(last - first + 2 * OVERLAP) for first, last in strip.outlines])
        seen = strip_channels(strip, image, silhouette, hand, evidence)[:, columns]
        with torch.inference_mode():
            said = self._network(network_inputs(torch.from_numpy(seen)[None]))[0].numpy()[:, own]
        return strip.rolled_up(np.clip(said, -LIMIT, LIMIT))


def strip_channels(
    strip: BorderStrip, image: ByteArray, silhouette: BoolArray, hand: BoolArray | None, evidence: NDArray[np.float32]
) -> ByteArray:
    """What there is to see along a strip (ROWS, N, 7), 0 to 255: colours, evidence, silhouette, hand, outside.

    The arguments are those of `BorderFinder.ask`.
    """
    said = np.clip(127.5 + 127.5 / EVIDENCE_LIMIT * evidence, 0, 255).astype(np.uint8)
    drawn = np.zeros(silhouette.shape, np.uint8) if hand is None else _bytes(hand)
    picture = np.dstack([image, said, _bytes(silhouette), drawn])
    parts = [strip.sample(np.ascontiguousarray(picture[..., k : k + 3])) for k in (0, 3)]
    return np.concatenate([*parts, _bytes(strip.outside)[..., None]], 2)


def network_inputs(seen: torch.Tensor) -> torch.Tensor:
    """The network's inputs (N, 8, ROWS, columns) from channels (N, ROWS, columns, 7) of bytes."""
    x = seen.permute(0, 3, 1, 2).float() / 255
    row = torch.arange(-REACH, REACH + 1)[None, None, :, None] / REACH
    row = row.expand(len(x), 1, ROWS, x.shape[3])
    both = torch.cat([x[:, :3] - 0.5, 2 * x[:, 3:4] - 1, x[:, 4:], row], 1)
    return both.contiguous(memory_format=torch.channels_last)


def _continued(first: int, last: int) -> NDArray[np.int64]:
    """The columns of a closed outline, with some of its end before it and some of its beginning after it."""
    return first + np.arange(-OVERLAP, last - first + OVERLAP) % (last - first)


def _own(length: int) -> BoolArray:
    """(length,) which columns are not there a second time."""
    at = np.arange(length)
    return (at >= OVERLAP) & (at < length - OVERLAP)


def _bytes(mask: BoolArray) -> ByteArray:
    return np.where(mask, np.uint8(255), np.uint8(0))


@lru_cache(maxsize=1)
def _network() -> BorderNetwork:
    """With the weights that come with the package."""
    return with_weights(BorderNetwork(), "object_border.npz")
