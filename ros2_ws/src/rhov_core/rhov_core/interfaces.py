"""The seams between the packages: what one calls and another provides."""

from __future__ import annotations

from typing import Protocol

from rhov_core.arrays import BoolArray


class ObjectSegmenter(Protocol):
    """Segments the object again in a recent frame, starting from the silhouette of a pose hypothesis.

    `rhov_perception` provides it, the tracker of `rhov_optimizer` calls it: directly in the library,
    through the service `segment_object` between nodes.
    """

    def segment(self, frame_index: int, silhouette: BoolArray, band: int) -> BoolArray | None:
        """Returns the mask (H, W) of the visible object, or None if the frame is no longer held.

        Args:
            frame_index: A frame that was given to the segmenter before.
            silhouette: (H, W) the object rendered at the hypothesis.
            band: How far the border may move from the silhouette's [pixel].
        """
        ...
