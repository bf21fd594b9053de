"""Border pixels of masks with the directions in which the masks end."""

from __future__ import annotations

from typing import Any

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera

BORDER = 3
"""Contours this near to the edge of the image [pixel] are where the object is cut off, not where it ends."""
_OFFSETS = np.arange(-5, 6)
SLOPE = -np.exp(-(_OFFSETS[:, None] ** 2 + _OFFSETS**2) / 8.0) * -_OFFSETS / 4.0
"""(11, 11) derivative of a Gaussian of 2 pixels by the column."""
_NOWHERE = np.zeros((0, 0), np.bool_)


def trace(
    mask: NDArray[np.uint8], x0: int, y0: int, camera: Camera, count: int, excluded: BoolArray | None = None
) -> tuple[NDArray[np.int64], FloatArray]:
    """Traces a mask's outline, holes included, but for what lies at the edge of the image.

    Args:
        mask: (h, w) of a region of the image, 1 inside.
        x0: First column of the region [pixel].
        y0: First row of the region [pixel].
        camera: For the image size.
        count: About how many pixels.
        excluded: (H, W) of the image, where borders do not count.

    Returns:
        Pixels (N, 2) of the region and outward unit normals (N, 2).
    """
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2), np.int64), np.zeros((0, 2))
    border = (contours[0] if len(contours) == 1 else np.concatenate(contours))[:, 0]
    left, top, right, bottom = BORDER, BORDER, camera.width - BORDER, camera.height - BORDER
    pixels = _chosen(border, x0, y0, left, top, right, bottom, _NOWHERE if excluded is None else excluded, count)
    return pixels, _normals(mask, pixels, SLOPE)


@numba.njit(cache=True)
def _chosen(
    border: Any, x0: int, y0: int, left: int, top: int, right: int, bottom: int, excluded: Any, count: int
) -> Any:
    """About `count` of the border pixels (N, 2) that count, evenly spread over them."""
    kept, places = 0, np.empty(border.shape[0], np.int64)
    for n in range(border.shape[0]):
        x, y = border[n, 0] + x0, border[n, 1] + y0
        within = left <= x < right and top <= y < bottom
        if within and not (excluded.shape[0] and excluded[y, x]):
            places[kept] = n
            kept += 1
    taken = min(kept, count)
    out = np.empty((taken, 2), np.int64)
    for n in range(taken):
        place = places[n if kept <= count or count < 2 else int(n * ((kept - 1) / (count - 1)))]
        out[n, 0], out[n, 1] = border[place, 0], border[place, 1]
    if kept > count > 1:
        out[count - 1, 0], out[count - 1, 1] = border[places[kept - 1], 0], border[places[kept - 1], 1]
    return out


@numba.njit(cache=True)
def _normals(mask: Any, pixels: Any, slope: Any) -> Any:
    """Outward unit normals (N, 2) of a mask (h, w) at pixels (N, 2): its slope, smoothed; the mask ends as it does
    at the image's edge.
    """
    height, width = mask.shape
    reach = slope.shape[0] // 2
    out = np.zeros((pixels.shape[0], 2))
    for n in range(pixels.shape[0]):
        across, down = 0.0, 0.0
        for dy in range(-reach, reach + 1):
            y = min(max(pixels[n, 1] + dy, 0), height - 1)
            for dx in range(-reach, reach + 1):
                if mask[y, min(max(pixels[n, 0] + dx, 0), width - 1)]:
                    across += slope[reach + dy, reach + dx]
                    down += slope[reach + dx, reach + dy]
        length = np.sqrt(across * across + down * down) + 1e-9
        out[n, 0], out[n, 1] = -across / length, -down / length
    return out
