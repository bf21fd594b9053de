"""An object as seen by the search for grasps: distances, points on its surface, the table under it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.synth.hand_skin import Field
from rhov_core.synth.handles import Handle
from rhov_core.synth.ray import first_crossing

_CELL = 0.0018
"""Wanted spacing of the distance grid [m]."""
_FEWEST_NODES, _MOST_NODES = 48, 128
_PADDING = 0.06
_NEAR_HANDLE = 0.03
"""Points this near to a handle's line belong to it [m]."""
_OPPOSED = -0.8
"""Largest product of the normals on both sides of a part that can be pinched."""


@dataclass(frozen=True, eq=False)
class GraspObject:
    """A closed mesh at rest on a table, in its own frame."""

    vertices: FloatArray
    """(V, 3) [m]"""
    faces: NDArray[np.int32]
    """(F, 3)"""
    up: FloatArray
    """(3,) unit vector that points up when it rests on the table."""
    handles: tuple[Handle, ...] = ()

    @cached_property
    def grid(self) -> SignedDistanceGrid:
        """Its signed distances."""
        longest = float(np.ptp(self.vertices, axis=0).max())
        nodes = int(np.clip(1.2 * longest / _CELL, _FEWEST_NODES, _MOST_NODES))
        return SignedDistanceGrid.from_mesh(self.vertices, self.faces, nodes, _PADDING)

    @cached_property
    def field(self) -> Field:
        """The same for compiled loops."""
        return Field.of(self.grid)

    @cached_property
    def table(self) -> float:
        """Height of the table along `up` [m]."""
        return float((self.vertices @ self.up).min())

    @cached_property
    def centre(self) -> FloatArray:
        """(3,) middle of the bounding box [m]."""
        return (self.vertices.max(0) + self.vertices.min(0)) / 2

    @cached_property
    def reach(self) -> float:
        """From outside this distance of the centre a hand is free [m]."""
        return float(np.linalg.norm(self.vertices - self.centre, axis=1).max()) + 0.05

    @cached_property
    def axes(self) -> FloatArray:
        """(3, 3) rows: principal axes, the longest first."""
        points = self.samples[0]
        return np.linalg.svd(points - points.mean(0), full_matrices=False)[2]

    @cached_property
    def samples(self) -> tuple[FloatArray, FloatArray]:
        """Points spread evenly over the surface (N, 3) [m] and their outward normals (N, 3)."""
        a, b, c = np.moveaxis(self.vertices[self.faces], 1, 0)
        normals = np.cross(b - a, c - a)
        areas = np.linalg.norm(normals, axis=1)
        rng, count = np.random.default_rng(0), 6000
        place = (np.arange(count) + rng.random(count)) / count * areas.sum()
        face = np.minimum(np.searchsorted(np.cumsum(areas), place), len(areas) - 1)
        u, v = rng.random((2, count, 1))
        u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
        return a[face] + u * (b - a)[face] + v * (c - a)[face], normals[face] / areas[face, None]

    def sample(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """A random point (3,) of the surface [m] and its outward normal (3,)."""
        i = rng.integers(len(self.samples[0]))
        return self.samples[0][i], self.samples[1][i]

    def antipodal(
        self, rng: np.random.Generator, widest: float, handle: Handle | None
    ) -> tuple[FloatArray, FloatArray] | None:
        """Two points (3,) on opposite sides of a part that is at most `widest` thick [m]; None: try again."""
        points, normals = self.samples
        if handle is not None:
            near = self._of_handle(handle)
            points, normals = points[near], normals[near]
        i = rng.integers(len(points))
        inwards = -normals[i] + rng.normal(0, 0.08, 3)
        inwards /= np.linalg.norm(inwards)
        width, normal = first_crossing(points[i] + 1e-5 * inwards, inwards, *self._mesh)
        if not 0.001 < width < widest or normal @ normals[i] > _OPPOSED:
            return None
        return points[i], points[i] + width * inwards

    def _of_handle(self, handle: Handle) -> NDArray[np.int64]:
        """Which samples lie around a handle."""
        start, end = np.asarray(handle.start), np.asarray(handle.end)
        along = np.clip((self.samples[0] - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
        off = self.samples[0] - start - along[:, None] * (end - start)
        return np.flatnonzero(np.linalg.norm(off, axis=1) < _NEAR_HANDLE)

    @cached_property
    def _mesh(self) -> tuple[FloatArray, NDArray[np.int32]]:
        return np.array(self.vertices), np.array(self.faces)
