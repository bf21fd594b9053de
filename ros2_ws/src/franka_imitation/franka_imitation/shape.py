"""The object as a union of convex parts, the form in which the simulator sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.object_model import ObjectModel

_TOUCHING = 1.5e-3
"""Parts closer than this count as one solid [m]."""


class Crossing(NamedTuple):
    """Where rays that start on the surface and go inwards leave the solid."""

    length: FloatArray
    """(N,) way through the solid [m]."""
    normal: FloatArray
    """(N, 3) outward normal where the ray leaves."""
    buried: BoolArray
    """(N,) whether the start lies inside another part rather than on the outer surface."""


class ConvexShape:
    """Surface, planes and centre of mass of an object.

    Args:
        parts: Corner points (V, 3) of each convex part [m].
    """

    def __init__(self, parts: list[FloatArray]) -> None:
        self._hulls = [ConvexHull(part) for part in parts]
        self._planes = [(hull.equations[:, :3], -hull.equations[:, 3]) for hull in self._hulls]
        volumes, centres = zip(*(_mass_properties(hull) for hull in self._hulls), strict=True)
        self.centre_of_mass: FloatArray = np.average(np.array(centres), axis=0, weights=volumes)
        corners = np.concatenate([hull.points[hull.vertices] for hull in self._hulls])
        self.corners: FloatArray = corners[ConvexHull(corners).vertices]
        """Corner points (V, 3) of the object's convex hull [m]."""

    @classmethod
    def of(cls, model: ObjectModel) -> ConvexShape:
        """The shape of an object's collision parts."""
        return cls([np.asarray(vertices, np.float64) for vertices, _ in model.convex_parts()])

    def sample_surface(self, count: int, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Points (count, 3) and outward normals (count, 3), evenly over the surfaces of the parts."""
        corners = np.concatenate([hull.points[hull.simplices] for hull in self._hulls])
        normals = np.concatenate([normals for normals, _ in self._planes])
        edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = np.linalg.norm(np.cross(edge1, edge2), axis=1)
        face = generator.choice(len(area), size=count, p=area / area.sum())
        a, b = generator.random((2, count, 1))
        fold = a + b > 1
        a, b = np.where(fold, 1 - a, a), np.where(fold, 1 - b, b)
        return corners[face, 0] + a * edge1[face] + b * edge2[face], normals[face]

    def distance_bound(self, points: FloatArray) -> FloatArray:
        """(N,) lower bounds of the distances of points (N, 3) from the solid [m]; not positive inside."""
        return np.min([(points @ normals.T - offsets).max(axis=1) for normals, offsets in self._planes], axis=0)

    def contains(self, points: FloatArray) -> BoolArray:
        """(N,) whether points (N, 3) are inside the solid."""
        flat = np.ascontiguousarray(points, np.float64)
        normals = np.concatenate([normals for normals, _ in self._planes])
        offsets = np.concatenate([offsets for _, offsets in self._planes])
        starts = np.cumsum([0, *(len(offsets) for _, offsets in self._planes)])
        return _contains(flat, normals, offsets, starts, self.corners.min(axis=0), self.corners.max(axis=0))

    def cross(self, points: FloatArray, directions: FloatArray) -> Crossing:
        """Follows rays from points (N, 3) on the surface along unit directions (N, 3) through the solid."""
        enter, leave, plane = (np.stack(part) for part in zip(*self._intervals(points, directions), strict=True))
        normals = [normals for normals, _ in self._planes]
        length = np.zeros(len(points))
        normal = np.zeros_like(points)
        for _ in self._planes:  # each pass can enter one more part
            reach = np.where((enter < length + _TOUCHING) & (leave > length), leave, -np.inf)
            best = reach.argmax(axis=0)
            farther = np.flatnonzero(reach.max(axis=0) > length)
            if not len(farther):
                break
            part = best[farther]
            length[farther] = reach[part, farther]
            normal[farther] = [normals[p][plane[p, i]] for p, i in zip(part, farther, strict=True)]
        buried = ((enter < -2e-4) & (leave > 1e-4)).any(axis=0)
        return Crossing(length, normal, buried)

    def _intervals(
        self, points: FloatArray, directions: FloatArray
    ) -> list[tuple[FloatArray, FloatArray, NDArray[np.int64]]]:
        """For each part: where (N,) each ray enters and leaves it [m], and through which plane it leaves."""
        found = []
        for normals, offsets in self._planes:
            slope = directions @ normals.T
            gap = offsets - points @ normals.T
            parallel = np.abs(slope) < 1e-9
            t = gap / np.where(parallel, 1.0, slope)
            leaving = np.where(~parallel & (slope > 0), t, np.inf)
            entering = np.where(~parallel & (slope < 0), t, -np.inf)
            enter, leave = entering.max(axis=1), leaving.min(axis=1)
            missed = (parallel & (gap < 0)).any(axis=1) | (enter > leave)
            found.append((np.where(missed, np.inf, enter), np.where(missed, -np.inf, leave), leaving.argmin(axis=1)))
        return found


@njit(cache=True)
def _contains(
    points: FloatArray,
    normals: FloatArray,
    offsets: FloatArray,
    starts: NDArray[np.int64],
    low: FloatArray,
    high: FloatArray,
) -> BoolArray:
    inside = np.zeros(len(points), np.bool_)
    for i in range(len(points)):
        x, y, z = points[i]
        if x < low[0] or y < low[1] or z < low[2] or x > high[0] or y > high[1] or z > high[2]:
            continue
        for part in range(len(starts) - 1):
            within = True
            for k in range(starts[part], starts[part + 1]):
                if x * normals[k, 0] + y * normals[k, 1] + z * normals[k, 2] > offsets[k]:
                    within = False
                    break
            if within:
                inside[i] = True
                break
    return inside


def _mass_properties(hull: ConvexHull) -> tuple[float, FloatArray]:
    """Volume and centre of mass of a convex hull."""
    inside = hull.points[hull.vertices].mean(axis=0)
    corners = hull.points[hull.simplices] - inside
    volumes = np.abs(np.linalg.det(corners))
    return float(hull.volume), inside + (volumes[:, None] * corners.sum(axis=1) / 4).sum(axis=0) / volumes.sum()
