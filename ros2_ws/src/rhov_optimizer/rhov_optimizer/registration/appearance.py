"""How well the colours of an object's mesh explain a picture at a pose.

The light is unknown. What reaches the camera is the surface's own colour times the light that falls on it, so in
logarithms the two differ by a smooth function of the surface's direction and by one constant per channel, the lamps'
colour and the camera's. Both are fitted robustly, with the camera's contrast, and what is left over counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numba
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.mesh.surface_colors import GAMMA, SurfaceColors
from rhov_core.picture_crop import PictureCrop
from rhov_core.pose import exp_rotation, make_transform
from rhov_optimizer.registration.surface import SurfaceView

BORDER = 2
"""Pixels this near to where the surface ends show something else too [pixel]."""
POINTS, LEAST = 400, 60
"""How many places are compared at most, and at least."""
LEAST_COSINE = 0.3
"""Surfaces seen more obliquely than this show little of their colour."""
DARKEST = 0.02
"""Added to colours, 0 to 1, before logarithms are taken: noise and reflections decide below it."""
LIGHT_SIGMA, HUE_SIGMA = 0.25, 0.15
"""How far logarithms of brightness, and of red and blue relative to it, are off at true poses of rendered clips:
shadows, reflections, print finer than the points."""
LIGHT_PRIOR = 0.5
"""How many places the belief in even light weighs against them."""
CONTRAST_PRIOR = 0.05
"""The same for the camera's contrast being that of the eye, as a share of the places."""
CONTRASTS = (0.5, 2.0)
"""Contrasts outside these are not believed."""
STEPS = 4
"""Of reweighting."""
ALIGNING = tuple(np.radians([6.0, 6.0, 3.0, 3.0, 1.5]))
"""By how much a pose is turned to align its print, step by step [rad]."""


@dataclass(frozen=True)
class SeenSurface:
    """What a picture shows of an object's surface at a pose."""

    points: FloatArray
    """(N, 3) on the centred mesh [m]."""
    normals: FloatArray
    """(N, 3) of the faces there, camera frame."""
    logarithms: FloatArray
    """(N, 3) of the colours that the picture has there: red, green, blue."""

    @classmethod
    def of(cls, crop: PictureCrop, view: SurfaceView, visible: BoolArray) -> SeenSurface | None:
        """Takes the colours from a picture.

        Args:
            crop: The picture.
            view: The object at the pose.
            visible: (H, W) where the picture shows the object.

        Returns:
            None if too little of it is seen.
        """
        seen = (visible[view.region] & (view.face_id >= 0)).view(np.uint8)
        size = 2 * (BORDER + crop.step // 2) + 1
        inner = cv2.erode(seen, np.ones((size, size), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
        pixels, colors = crop.centres.reshape(-1, 2), crop.pixels.reshape(-1, 3)
        column, row = np.rint(pixels).astype(np.int64).T - np.array([[view.x0], [view.y0]])
        height, width = inner.shape
        inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        kept = np.flatnonzero(inside)[inner[row[inside], column[inside]] > 0]
        kept = kept[:: max(1, len(kept) // POINTS)]
        if len(kept) < LEAST:
            return None
        points, cosines = view.unproject(pixels[kept])
        facing = cosines > LEAST_COSINE
        if np.count_nonzero(facing) < LEAST:
            return None
        kept = kept[facing]
        a, b, c = np.moveaxis(view.mesh.vertices[view.mesh.faces[view.face_id[row[kept], column[kept]]]], 1, 0)
        normals = np.cross(b - a, c - a)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        linear = (colors[kept, ::-1] / 255.0) ** GAMMA
        return cls(points[facing], normals @ view.T[:3, :3].T, np.log(linear + DARKEST))


class Appearance:
    """The colours of a mesh, to be compared with pictures.

    Args:
        colors: Of the mesh, in the frame of its file.
        centre: (3,) origin of the centred mesh in that frame [m].
    """

    def __init__(self, colors: SurfaceColors, centre: FloatArray) -> None:
        self._colors, self._centre = colors, centre

    def costs(self, seen: SeenSurface, turns: FloatArray) -> FloatArray:
        """How badly the colours fit, 0 (well) to 1, for the pose and for copies of it.

        Args:
            seen: What the picture shows at the pose T.
            turns: (K, 4, 4) transforms S of the mesh, in the frame of its file, that map its surface about to itself:
                the copies are the poses T S. The identity gives the pose itself.

        Returns:
            (K,)
        """
        points = seen.points + self._centre
        # What is seen at q when the pose is T is at inverse(S) q when it is T S.
        places = np.einsum("kji,knj->kni", turns[:, :3, :3], points[None] - turns[:, None, :3, 3])
        logarithms = np.log(self._colors.at(places) + DARKEST)
        return np.array([_cost(seen.logarithms, own, seen.normals) for own in logarithms])

    def aligned(
        self, seen: SeenSurface, turn: FloatArray, angles: tuple[float, ...] = ALIGNING
    ) -> tuple[FloatArray, float]:
        """Turns a copy a little further, to where the colours fit best: outlines leave a pose a few degrees of freedom.

        Args:
            seen: What the picture shows at the pose T.
            turn: (4, 4) S of the copy T S.
            angles: By how much it is turned at most, step by step [rad].

        Returns:
            The turn (4, 4) and its cost. Where the surface is not round it is a rough guide for small angles only.
        """
        cost = float(self.costs(seen, turn[None])[0])
        for angle in angles:
            steps = turn @ self._small_turns(angle)
            costs = self.costs(seen, steps)
            best = int(np.argmin(costs))
            if costs[best] < cost:
                turn, cost = steps[best], float(costs[best])
        return turn, cost

    def _small_turns(self, angle: float) -> FloatArray:
        """(6, 4, 4) turns of the mesh about its centre by an angle [rad] either way."""
        R = exp_rotation(np.concatenate([angle * np.eye(3), -angle * np.eye(3)]))
        return make_transform(R, self._centre - R @ self._centre)


@numba.njit(cache=True)
def _cost(picture: Any, own: Any, normals: Any) -> float:
    """Mean of e / (1 + e) over places (N, 3), e the mean square of what is left over in standard deviations."""
    count = len(picture)
    light, contrast = np.empty(count), np.empty(count)
    hue, own_hue = np.empty((count, 2)), np.empty((count, 2))
    middle = 0.0
    for n in range(count):
        mean, own_mean = picture[n].mean(), own[n].mean()
        light[n], contrast[n] = mean - own_mean, own_mean
        hue[n, 0], hue[n, 1] = picture[n, 0] - mean, picture[n, 2] - mean
        own_hue[n, 0], own_hue[n, 1] = own[n, 0] - own_mean, own[n, 2] - own_mean
        middle += own_mean / count
    weight = np.ones(count)
    row, total = np.empty(5), 0.0
    for _ in range(STEPS):
        A, b = np.zeros((5, 5)), np.zeros(5)
        A[0, 0] = 1e-6
        A[1, 1] = A[2, 2] = A[3, 3] = LIGHT_PRIOR
        A[4, 4] = CONTRAST_PRIOR * count
        for n in range(count):
            row[0], row[4] = 1.0, contrast[n] - middle
            for i in range(3):
                row[1 + i] = normals[n, i]
            for i in range(5):
                b[i] += weight[n] * row[i] * light[n]
                for j in range(5):
                    A[i, j] += weight[n] * row[i] * row[j]
        x = np.linalg.solve(A, b)
        gain = min(max(1.0 + x[4], CONTRASTS[0]), CONTRASTS[1])
        tint, weights = np.zeros(2), weight.sum()
        for n in range(count):
            for c in range(2):
                tint[c] += weight[n] * (hue[n, c] - gain * own_hue[n, c]) / weights
        total = 0.0
        for n in range(count):
            left = light[n] - x[0] - x[4] * (contrast[n] - middle)
            for i in range(3):
                left -= x[1 + i] * normals[n, i]
            square = (left / LIGHT_SIGMA) ** 2
            for c in range(2):
                square += ((hue[n, c] - gain * own_hue[n, c] - tint[c]) / HUE_SIGMA) ** 2
            weight[n] = 1.0 / (1.0 + square / 3.0)
            total += 1.0 - weight[n]
    return total / count
