"""Silhouettes at low resolution, by the thousand: their areas, centroids and overlaps with a mask."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera


def moments(vertices: FloatArray, faces: NDArray[np.int32], T: FloatArray, camera: Camera) -> FloatArray:
    """Areas and centroids of silhouettes.

    Args:
        vertices: (V, 3) [m].
        faces: (F, 3)
        T: (B, 4, 4) poses.
        camera: Without distortion.

    Returns:
        (B, 3) area [pixel^2] and centroid [pixel]; an area of 0 where nothing is seen.
    """
    out = np.zeros((len(T), 3))
    nothing = np.zeros((camera.height, camera.width), np.bool_)
    _cover(vertices, faces, T, camera.K, nothing, nothing, np.zeros(len(T)), out)
    return out


def overlaps(
    vertices: FloatArray,
    faces: NDArray[np.int32],
    T: FloatArray,
    camera: Camera,
    mask: BoolArray,
    ignored: BoolArray,
) -> FloatArray:
    """Intersection over union (B,) of silhouettes with a mask (H, W), outside `ignored` (H, W)."""
    out = np.zeros(len(T))
    _cover(vertices, faces, T, camera.K, mask & ~ignored, ignored, out, np.zeros((len(T), 3)))
    return out


@numba.njit(cache=True)
def _cover(vertices, faces, T, K, mask, ignored, iou, moment):  # type: ignore[no-untyped-def]
    height, width = mask.shape
    covered = np.zeros((height, width), np.bool_)
    u, v, front = np.empty(len(vertices)), np.empty(len(vertices)), np.empty(len(vertices), np.bool_)
    area_mask = mask.sum()
    for b in range(T.shape[0]):
        for i in range(vertices.shape[0]):
            p = vertices[i]
            z = T[b, 2, 0] * p[0] + T[b, 2, 1] * p[1] + T[b, 2, 2] * p[2] + T[b, 2, 3]
            front[i] = z > 1e-3
            if front[i]:
                x = T[b, 0, 0] * p[0] + T[b, 0, 1] * p[1] + T[b, 0, 2] * p[2] + T[b, 0, 3]
                y = T[b, 1, 0] * p[0] + T[b, 1, 1] * p[1] + T[b, 1, 2] * p[2] + T[b, 1, 3]
                u[i], v[i] = K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2]
        low_x, high_x, low_y, high_y = width, -1, height, -1
        for f in range(faces.shape[0]):
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            if not (front[i] and front[j] and front[k]):
                continue
            x0, x1 = max(0, int(np.ceil(min(u[i], u[j], u[k])))), min(width - 1, int(np.floor(max(u[i], u[j], u[k]))))
            y0, y1 = max(0, int(np.ceil(min(v[i], v[j], v[k])))), min(height - 1, int(np.floor(max(v[i], v[j], v[k]))))
            area = (u[j] - u[i]) * (v[k] - v[i]) - (u[k] - u[i]) * (v[j] - v[i])
            if x1 < x0 or y1 < y0 or abs(area) < 1e-12:
                continue
            low_x, high_x, low_y, high_y = min(low_x, x0), max(high_x, x1), min(low_y, y0), max(high_y, y1)
            for y in range(y0, y1 + 1):
                for x in range(x0, x1 + 1):
                    wj = ((v[k] - v[i]) * (x - u[i]) - (u[k] - u[i]) * (y - v[i])) / area
                    wk = ((u[j] - u[i]) * (y - v[i]) - (v[j] - v[i]) * (x - u[i])) / area
                    if wj >= 0.0 and wk >= 0.0 and wj + wk <= 1.0:
                        covered[y, x] = True
        common, drawn, all_drawn, sum_x, sum_y = 0, 0, 0, 0.0, 0.0
        for y in range(low_y, high_y + 1):
            for x in range(low_x, high_x + 1):
                if covered[y, x]:
                    covered[y, x] = False
                    all_drawn += 1
                    sum_x += x
                    sum_y += y
                    if not ignored[y, x]:
                        drawn += 1
                        if mask[y, x]:
                            common += 1
        iou[b] = common / max(1, area_mask + drawn - common)
        if all_drawn > 0:
            moment[b, 0], moment[b, 1], moment[b, 2] = all_drawn, sum_x / all_drawn, sum_y / all_drawn
