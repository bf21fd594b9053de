"""Optical flow around the object: dense for carrying the mask, refined at single points for the pose.

DIS flow (Kroeger et al. 2016) in OpenCV's fast presets is quick but biased by up to a quarter of a pixel, because it
stops at a quarter of the resolution. Points that a pose is fitted to are therefore refined at full resolution by
Lucas-Kanade steps, there and back; that costs less than a finer dense flow and is more accurate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray, FloatArray
from rhov_perception.object.region import Region

Preset = Literal["ultrafast", "fast", "medium"]
_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
PATCH = 13
"""Width of the patch around a refined point [pixel]."""
_REFINE: dict[str, Any] = {
    "winSize": (PATCH, PATCH),
    "maxLevel": 0,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01),
    "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
}
Flow = NDArray[np.float32]


@dataclass(frozen=True)
class RegionFlow:
    """Flow between two frames in one region of both."""

    region: Region
    previous: ByteArray
    """(h, w) grey, the previous frame in the region."""
    current: ByteArray
    """(h, w) grey, this frame in the region."""
    forward: Flow
    """(h, w, 2) from the previous frame to this one [pixel]."""
    backward: Flow
    """(h, w, 2) from this frame to the previous one [pixel]."""

    def carry(self, mask: BoolArray) -> BoolArray:
        """Where a mask (H, W) of the previous frame is in this frame."""
        height, width = self.backward.shape[:2]
        x = self.backward[..., 0] + np.arange(width, dtype=np.float32)
        y = self.backward[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        part = np.ascontiguousarray(mask[self.region.slices]).astype(np.float32)
        moved = cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self.region.full(moved > 0.5, mask.shape)

    def tracks(self, mask: BoolArray, count: int, tolerance: float) -> tuple[FloatArray, FloatArray]:
        """Points on a regular grid inside a mask (H, W) of the previous frame, and where they went.

        Points whose patch has no structure in two directions are left out, as are those whose way there and back
        does not end at its start.

        Args:
            mask: Where points may lie in the previous frame.
            count: About how many points to try.
            tolerance: How far the way there and back may end from its start [pixel].

        Returns:
            Pixels (M, 2) in the previous frame and (M, 2) in this one.
        """
        part = mask[self.region.slices]
        spacing = max(1, round(float(np.sqrt(np.count_nonzero(part) / count))))
        grid = np.zeros_like(part)
        grid[spacing // 2 :: spacing, spacing // 2 :: spacing] = True
        y, x = np.nonzero(part & grid)
        if not len(x):
            return np.zeros((0, 2)), np.zeros((0, 2))
        start = np.stack([x, y], axis=1).astype(np.float32)
        there, sound = self._refined(self.previous, self.current, start, start + self.forward[y, x])
        guess = cv2.remap(self.backward, there[None, :, 0], there[None, :, 1], cv2.INTER_LINEAR)[0]
        back, sound_back = self._refined(self.current, self.previous, there, there + guess)
        kept = sound & sound_back & (np.linalg.norm(back - start, axis=1) < tolerance)
        kept &= ((there >= 0) & (there <= [part.shape[1] - 1, part.shape[0] - 1])).all(axis=1)
        origin = np.array(self.region.origin, np.float64)
        return start[kept] + origin, there[kept] + origin

    @staticmethod
    def _refined(a: ByteArray, b: ByteArray, points: Flow, guess: Flow) -> tuple[Flow, BoolArray]:
        """Where points (N, 2) of one image are in another, starting from a guess (N, 2); and whether that worked."""
        found, status, _ = cv2.calcOpticalFlowPyrLK(a, b, points[:, None], guess[:, None].copy(), **_REFINE)
        return np.asarray(found[:, 0], np.float32), status[:, 0].astype(np.bool_)


class FlowEstimator:
    """OpenCV's DIS optical flow.

    Args:
        preset: "ultrafast", "fast" or "medium".
    """

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._dis: Any = cv2.DISOpticalFlow.create(_PRESETS[preset])

    def __reduce__(self) -> tuple[type[FlowEstimator], tuple[Preset]]:
        """OpenCV's object cannot be pickled, and remembers nothing."""
        return FlowEstimator, (self._preset,)

    def estimate(self, previous: ByteArray, current: ByteArray, region: Region) -> RegionFlow:
        """Flow both ways between two grey images (H, W), looking only at one region of both."""
        a = np.ascontiguousarray(previous[region.slices])
        b = np.ascontiguousarray(current[region.slices])
        return RegionFlow(region, a, b, self._dis.calc(a, b, None), self._dis.calc(b, a, None))
