"""Meshes of simple things, closed and wound outwards, centred at the origin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.mesh.surface import Mesh, merged

_ROUND = 4
"""Points across a quarter of a rounded edge."""


def rounded_cuboid(size: Sequence[float], radius: float, inner: int = 3) -> Mesh:
    """A cuboid with rounded edges.

    Args:
        size: Sides along x, y and z [m].
        radius: Of the edges [m].
        inner: Points across the flat part of each side.
    """
    half, v, f, count = np.asarray(size) / 2, [], [], 0
    for axis in range(3):
        u, w = (axis + 1) % 3, (axis + 2) % 3
        steps = [_lattice(half[k], radius, inner) for k in (u, w)]
        for sign in (-1.0, 1.0):
            sheet = np.empty((len(steps[0]), len(steps[1]), 3))
            sheet[..., axis] = sign * half[axis]
            sheet[..., u], sheet[..., w] = np.meshgrid(*steps, indexing="ij")
            quads = _sheet_faces(len(steps[0]), len(steps[1]), closed=(False, False))
            f.append((quads if sign > 0 else quads[:, ::-1]) + count)
            v.append(sheet.reshape(-1, 3))
            count += sheet.shape[0] * sheet.shape[1]
    points = np.concatenate(v)
    core = np.clip(points, radius - half, half - radius)
    out = points - core
    points = core + radius * out / np.linalg.norm(out, axis=1, keepdims=True)
    return merged(points, np.concatenate(f), 1e-9)


def revolved(profile: Sequence[tuple[float, float]], sections: int = 48) -> Mesh:
    """A solid of revolution about z.

    Args:
        profile: (radius, z) [m] upwards along the outside; the first and the last radius are zero.
        sections: Points around the axis.
    """
    angle = np.arange(sections) * 2 * np.pi / sections
    r, z = np.asarray(profile, np.float64).T
    points = np.stack([np.outer(np.cos(angle), r), np.outer(np.sin(angle), r), np.tile(z, (sections, 1))], -1)
    points[..., 2] -= (z.max() + z.min()) / 2
    return merged(points.reshape(-1, 3), _sheet_faces(sections, len(r), closed=(True, False)), 1e-9)


def cylinder(radius: float, height: float, bevel: float, rows: int = 8) -> Mesh:
    """A can that stands along z with bevelled rims [m]."""
    sides = [(radius, z) for z in np.linspace(bevel - height / 2, height / 2 - bevel, rows)]
    caps = [(radius / 2, height / 2), (radius - bevel, height / 2)]
    return revolved([(0.0, -height / 2), *((r, -z) for r, z in caps), *sides, *caps[::-1], (0.0, height / 2)])


def egg(length: float, width: float, rows: int = 24) -> Mesh:
    """An egg along z, whose upper end is the pointed one [m]."""
    t = np.linspace(np.pi, 0, rows)
    radius = width / 2 * np.sin(t) * (1 - 0.18 * np.cos(t)) / 1.0164
    radius[[0, -1]] = 0.0
    return revolved(list(zip(radius.tolist(), (length / 2 * np.cos(t)).tolist(), strict=True)))


def torus(radius: float, thickness: float, around: int = 56, across: int = 20) -> Mesh:
    """A ring about z: `radius` to the middle of its tube, `thickness` the diameter of the tube [m]."""
    a, b = (np.arange(n) * 2 * np.pi / n for n in (around, across))
    ring = radius + thickness / 2 * np.cos(b)
    height = np.tile(thickness / 2 * np.sin(b), (around, 1))
    points = np.stack([np.outer(np.cos(a), ring), np.outer(np.sin(a), ring), height], -1)
    return points.reshape(-1, 3), _sheet_faces(around, across, closed=(True, True))


def extruded(outline: Sequence[tuple[float, float]], height: float, bevel: float) -> Mesh:
    """A prism along z with bevelled rims.

    Args:
        outline: (x, y) corners counter-clockwise [m]; the first corner sees all others.
        height: [m]
        bevel: [m]
    """
    corners = np.asarray(outline, np.float64)
    corners = corners - (corners.max(0) + corners.min(0)) / 2
    inset, count = _inset(corners, bevel), len(corners)
    layers = [(inset, -height / 2), (corners, bevel - height / 2), (corners, height / 2 - bevel), (inset, height / 2)]
    points = np.stack([np.column_stack([xy, np.full(count, z)]) for xy, z in layers], axis=1)
    sides = _sheet_faces(count, len(layers), closed=(True, False))
    fan = np.array([(0, k, k + 1) for k in range(1, count - 1)]) * len(layers)
    return points.reshape(-1, 3), np.concatenate([sides, fan[:, ::-1], fan + len(layers) - 1]).astype(np.int32)


def _lattice(half: float, radius: float, inner: int) -> FloatArray:
    """Coordinates across a rounded side [m]: close together at its edges."""
    edge = half - radius + radius * np.tan(np.linspace(0, np.pi / 4, _ROUND))[1:]
    flat = np.linspace(radius - half, half - radius, inner + 2)
    return np.concatenate([-edge[::-1], flat, edge])


def _sheet_faces(rows: int, columns: int, closed: tuple[bool, bool]) -> NDArray[np.int32]:
    """Triangles (F, 3) of a sheet of rows x columns points that may be closed along either direction."""
    i, j = np.meshgrid(np.arange(rows - (not closed[0])), np.arange(columns - (not closed[1])), indexing="ij")
    a, b = (i * columns + j).ravel(), ((i + 1) % rows * columns + j).ravel()
    c, d = ((i + 1) % rows * columns + (j + 1) % columns).ravel(), (i * columns + (j + 1) % columns).ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def _inset(corners: FloatArray, distance: float) -> FloatArray:
    """A counter-clockwise outline (N, 2) moved inwards by a distance [m], mitred."""
    along = np.roll(corners, -1, 0) - corners
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    inwards = np.stack([-along[:, 1], along[:, 0]], 1)
    before = np.roll(inwards, 1, 0)
    return corners + distance * (inwards + before) / (1 + (inwards * before).sum(1, keepdims=True))
