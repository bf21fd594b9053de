"""The colours of an object's surface, as a cloud of coloured points on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from rhov_core.arrays import ByteArray, FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.files import atomic_path

GAMMA = 2.2
"""Exponent that turns the numbers of pictures into amounts of light, about."""
PLAIN = 0.05
"""Colours whose standard deviation is below this in every channel, of 0 to 1, show nothing: grain, scratches."""
_BLURRED = 6
"""A colour is the mean over this many points: finer print than that is not seen from where a camera stands."""


@dataclass(frozen=True)
class SurfaceColors:
    """Points spread evenly over a surface, with their colours."""

    points: FloatArray
    """(N, 3) object frame [m]."""
    colors: ByteArray
    """(N, 3) red, green, blue as pictures have them: the texture's, without light and shade."""

    def __post_init__(self) -> None:
        points = checked("SurfaceColors.points", self.points, (None, 3))
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "colors", checked("SurfaceColors.colors", self.colors, (len(points), 3), np.uint8))
        if not len(points):
            raise InputError("the coloured surface has no points", "at least one", "give a mesh with faces")

    @cached_property
    def is_plain(self) -> bool:
        """Whether the surface has about one colour, by which no side of it can be told from another."""
        return bool((self.colors / 255.0).std(axis=0).max() < PLAIN)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points)

    @cached_property
    def _blurred(self) -> FloatArray:
        """(N, 3) linear colours of the points, each the mean over its neighbours."""
        linear = (self.colors / 255.0) ** GAMMA
        _, neighbours = self._tree.query(self.points, k=min(_BLURRED, len(self.points)))
        return np.asarray(linear[neighbours.reshape(len(self.points), -1)].mean(axis=1))

    def at(self, points: FloatArray) -> FloatArray:
        """Linear colours (..., 3), 0 to 1, of the surface nearest to points (..., 3) [m]."""
        return np.asarray(self._blurred[self._tree.query(points)[1]])

    def scaled(self, factor: float) -> SurfaceColors:
        """The same on a surface that is larger by a factor."""
        return SurfaceColors(self.points * factor, self.colors)

    def save(self, path: str | Path) -> None:
        """Writes a PLY file of the coloured points.

        Raises:
            InputError: If the folder cannot be written.
        """
        content = trimesh.PointCloud(self.points, self.colors).export(file_type="ply")
        with atomic_path(path) as partial:
            partial.write_bytes(content)
