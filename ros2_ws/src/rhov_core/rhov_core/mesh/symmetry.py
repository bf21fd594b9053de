"""Rotations that map an object onto itself.

Candidate axes go through the centroid of the surface: its principal axes, all directions in a plane of equal
moments, all directions of space where all moments are equal. The deviation of a rotated surface from the surface is
read off its signed distance grid, promising axes are refined, and the rotations found are completed to a group.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from rhov_core.arrays import FloatArray
from rhov_core.mesh.surface import surface_centroid
from rhov_core.pose import exp_rotation, make_transform, rotation_from_quaternion
from rhov_core.sdf import SignedDistanceGrid

CONTINUOUS_STEPS = 36
"""A continuous symmetry about an axis is represented by this many rotations."""
TOLERANCE = 0.01
"""Largest deviation of 95 % of the surface, as a fraction of the diagonal; all of it may deviate 3 times as much."""
MAX_ORDER = 12
_CANDIDATE = 0.04
"""Largest coarse deviation (root mean square, fraction of the diagonal) of an axis that is refined."""
_EQUAL = 0.1
"""Principal moments that differ by a smaller fraction may belong to a symmetry."""
_SAME_AXIS = np.radians(8.0)
_SAME_ROTATION = np.radians(10.0)
_LARGEST_GROUP = 120


class _Surface:
    """Points of a surface around its centroid and the distance of rotated points from it."""

    def __init__(
        self, vertices: FloatArray, faces: NDArray[np.int32], tolerance: float = TOLERANCE, samples: int = 1500
    ) -> None:
        self._tolerance = tolerance
        a, b, c = np.moveaxis(vertices[faces], 1, 0)
        areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
        self.centre = surface_centroid(vertices, faces)
        a, b, c = a - self.centre, b - self.centre, c - self.centre
        corners, total = np.stack([a, b, c]), a + b + c
        moments = np.einsum("f,cfi,cfj->ij", areas, corners, corners) + np.einsum("f,fi,fj->ij", areas, total, total)
        self.moments, self.axes = np.linalg.eigh(moments / (12 * areas.sum()))
        rng = np.random.default_rng(0)
        # Stratified over the area, so that every part of the surface is met.
        place = (np.arange(samples) + rng.random(samples)) / samples * areas.sum()
        face = np.minimum(np.searchsorted(np.cumsum(areas), place), len(faces) - 1)
        u, v = rng.random((2, samples, 1))
        u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
        self._points = a[face] + u * (b - a)[face] + v * (c - a)[face]
        self._grid = SignedDistanceGrid.from_mesh(vertices, faces, resolution=48, padding=0.05)
        self._diagonal = float(np.linalg.norm(np.ptp(vertices, axis=0)))

    def deviation(self, rotations: FloatArray, every: int = 1) -> FloatArray:
        """Signed distances (..., P) of the rotated points, as fractions of the diagonal."""
        moved = self._points[::every] @ np.swapaxes(rotations, -1, -2) + self.centre
        return self._grid.distance(moved) / self._diagonal

    def mismatch(self, rotations: FloatArray) -> FloatArray:
        """How far rotations (N, 3, 3) about the centroid are from symmetries: up to 1 they are."""
        error = np.abs(self.deviation(rotations))
        return np.maximum(np.percentile(error, 95, axis=-1), error.max(-1) / 3) / self._tolerance


def find_symmetries(vertices: FloatArray, faces: NDArray[np.int32], tolerance: float = TOLERANCE) -> FloatArray:
    """Finds the proper rotations that map a closed mesh onto itself.

    Takes about a second for 2,000 faces; decimate larger meshes before.

    Args:
        vertices: (V, 3), object frame [m].
        faces: (F, 3), wound outwards.
        tolerance: Largest deviation of 95 % of the surface, as a fraction of the diagonal; all of it may deviate 3
            times as much.

    Returns:
        (S, 4, 4) transforms of the object frame, the identity first. An axis of revolution gives 36 rotations; a
        sphere gives 360 that cover all rotations about evenly.
    """
    surface = _Surface(vertices, faces, tolerance)
    generators: list[FloatArray] = []
    tried: list[FloatArray] = []
    for candidate in _candidate_axes(surface):
        if any(_between(candidate, axis) < _SAME_AXIS for axis in tried):
            continue
        axis = _refined(surface, candidate)
        tried += [candidate] if axis is None else [candidate, axis]
        if axis is None:
            continue
        if surface.mismatch(about(axis, np.radians([10.0, 37.0, 71.0, 103.0, 149.0, 180.0]))).max() <= 1.0:
            return _transforms(_revolution(surface, axis), surface.centre)
        turns = about(axis, 2 * np.pi / np.arange(2, MAX_ORDER + 1))
        mismatch = surface.mismatch(turns)
        if mismatch.min() <= 1.0:
            # The highest order that fits holds the others; one that merely passes is a neighbour of the true one.
            generators.append(turns[mismatch <= min(1.0, 2 * mismatch.min() + 0.2)][-1])
    group = symmetry_group(np.reshape(generators, (-1, 3, 3)))
    return _transforms(group[surface.mismatch(group) <= 2.0], surface.centre)


def about(axis: ArrayLike, angles: ArrayLike) -> FloatArray:
    """Rotations (..., 3, 3) about a unit axis (3,) by angles (...) [rad]."""
    return exp_rotation(np.asarray(angles, np.float64)[..., None] * np.asarray(axis, np.float64))


def symmetry_group(generators: FloatArray) -> FloatArray:
    """All products (S, 3, 3) of rotations (G, 3, 3), the identity first; rotations within 10 degrees are one.

    Rotations that do not generate a finite group, for lack of precision, give just themselves and the identity.
    """
    group = [np.eye(3)]
    for element in group:  # grows while it is walked
        for generator in generators:
            product = generator @ element
            if np.einsum("sij,ij->s", group, product).max() < 1 + 2 * np.cos(_SAME_ROTATION):
                group.append(product)
        if len(group) > _LARGEST_GROUP:
            return np.concatenate([np.eye(3)[None], generators])
    return np.stack(group)


def axis_symmetries(axis: ArrayLike, order: int | None, point: ArrayLike) -> FloatArray:
    """Rotations (S, 4, 4) about an axis (3,) through a point (3,) [m]; order None is an axis of revolution."""
    direction = np.asarray(axis, np.float64) / np.linalg.norm(axis)
    steps = CONTINUOUS_STEPS if order is None else order
    return _transforms(about(direction, 2 * np.pi / steps * np.arange(steps)), np.asarray(point, np.float64))


def _transforms(rotations: FloatArray, point: FloatArray) -> FloatArray:
    return make_transform(rotations, point - rotations @ point)


def _between(a: FloatArray, b: FloatArray) -> float:
    """Angle between two lines given by unit vectors [rad]."""
    return float(np.arccos(np.clip(np.abs(a @ b), 0.0, 1.0)))


def _candidate_axes(surface: _Surface) -> list[FloatArray]:
    """Unit vectors, the most promising first: principal axes, then those of planes or a space of equal moments."""
    low, middle, high = surface.moments
    axes: list[FloatArray] = [surface.axes]
    if high - low < _EQUAL * high:
        n = np.arange(1500)
        z, azimuth = (n + 0.5) / len(n), np.pi * (1 + 5**0.5) * n  # a Fibonacci lattice on the half sphere
        ring = np.sqrt(1 - z * z)
        axes.append(np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), z]))
    elif min(middle - low, high - middle) < _EQUAL * high:
        first, second = surface.axes[:, :2].T if middle - low < high - middle else surface.axes[:, 1:].T
        azimuth = np.radians(np.arange(0, 180, 2.0))
        axes.append(np.stack([first, second], 1) @ np.stack([np.cos(azimuth), np.sin(azimuth)]))
    candidates = np.concatenate(axes, axis=1).T
    turns = np.stack([exp_rotation(2 * np.pi / n * candidates) for n in (2, 3, 5)])
    error = np.sqrt((surface.deviation(turns, every=5) ** 2).mean(-1)).min(0)
    near = np.abs(candidates @ candidates.T) > np.cos(_SAME_AXIS)
    best = error <= np.where(near, error, np.inf).min(1)
    best[:3], error[:3] = True, 0.0  # always try the principal axes, which may have any order
    order = np.argsort(error, kind="stable")
    return [candidates[i] for i in order if best[i] and error[i] < _CANDIDATE]


def _refined(surface: _Surface, axis: FloatArray) -> FloatArray | None:
    """The axis nearby with the least deviation for its best order; None if no order comes near."""
    orders = np.arange(2, MAX_ORDER + 1)
    error = np.sqrt((surface.deviation(about(axis, 2 * np.pi / orders), every=5) ** 2).mean(-1))
    # Small turns deviate little about any axis: compare with what a turn by this angle can do.
    order = int(orders[np.argmin(error / np.sin(np.pi / orders))])
    if error.min() > _CANDIDATE:
        return None
    side = np.linalg.svd(axis[None])[2][1:]

    def moved(x: FloatArray) -> FloatArray:
        out = axis + x @ side
        return out / np.linalg.norm(out)

    fit = least_squares(
        lambda x: surface.deviation(about(moved(x), 2 * np.pi / order), every=5),
        np.zeros(2),
        diff_step=1e-3,
        max_nfev=15,
    )
    return moved(fit.x)


def _revolution(surface: _Surface, axis: FloatArray) -> FloatArray:
    """The rotations of a surface of revolution about an axis: with a flip if it has one, all if it is a sphere."""
    turns = about(axis, 2 * np.pi / CONTINUOUS_STEPS * np.arange(CONTINUOUS_STEPS))
    across = np.linalg.svd(axis[None])[2][1]
    if surface.mismatch(about(across, np.radians([37.0, 71.0, 103.0]))).max() <= 1.0:
        return _all_rotations(10 * CONTINUOUS_STEPS)
    flip = about(across, np.pi)
    return np.concatenate([turns, turns @ flip]) if surface.mismatch(flip[None])[0] <= 1.0 else turns


def _all_rotations(count: int) -> FloatArray:
    """Rotations (count, 3, 3) that cover all rotations evenly, the identity first.

    Super-Fibonacci spirals (Alexa, "Super-Fibonacci spirals: fast, low-discrepancy sampling of SO(3)", 2022).
    """
    step = np.arange(count) + 0.5
    inner, outer = np.sqrt(step / count), np.sqrt(1 - step / count)
    a, b = 2 * np.pi * step / np.sqrt(2), 2 * np.pi * step / 1.533751168755204
    quaternions = np.stack([inner * np.sin(a), inner * np.cos(a), outer * np.sin(b), outer * np.cos(b)], 1)
    rotations = rotation_from_quaternion(quaternions)
    return rotations @ rotations[0].T
