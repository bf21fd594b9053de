"""Objects of random shape, for pictures to learn from: none of the benchmark's, but of the kinds that people hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.mesh.surface import Mesh
from rhov_core.pose import exp_rotation
from rhov_core.synth import SynthObject
from rhov_core.synth.material import Kind, Material
from rhov_core.synth.primitives import cylinder, egg, extruded, revolved, rounded_cuboid, torus

KINDS: tuple[Kind, ...] = ("printed", "label", "wood", "metal", "plain")
_LEAST, _MOST = 0.035, 0.17
"""Shortest and longest side that is asked for [m]."""


def random_object(number: int) -> SynthObject:
    """The object of a number; the same number gives the same object."""
    rng = np.random.default_rng([271, number])
    make = _SHAPES[number % len(_SHAPES)]
    return SynthObject(f"random{number}", "dev", partial(make, rng.spawn(1)[0]), random_material(rng), frozenset())


def random_material(rng: np.random.Generator) -> Material:
    """Any kind in any colours: dark, grey and white ones as often as bright ones."""
    colors = []
    for _ in range(3):
        light, chroma = rng.uniform(0.02, 0.85) ** rng.choice([1, 2]), rng.choice([0.05, 0.4, 0.95])
        color = light * (1 + chroma * rng.uniform(-1, 1, 3))
        colors.append(tuple(float(c) for c in color.clip(0.015, 0.9)))
    return Material(KINDS[int(rng.integers(len(KINDS)))], tuple(colors), float(rng.uniform(0, 0.8)))


def _cuboid(rng: np.random.Generator) -> Mesh:
    size = [*np.sort(rng.uniform(0.014, 0.085, 2)).tolist(), float(rng.uniform(0.06, _MOST))]
    return rounded_cuboid(rng.permutation(size), float(rng.uniform(0.001, 0.006)))


def _can(rng: np.random.Generator) -> Mesh:
    return cylinder(float(rng.uniform(0.01, 0.042)), float(rng.uniform(0.05, _MOST)), float(rng.uniform(0.001, 0.004)))


def _bottle(rng: np.random.Generator) -> Mesh:
    """A solid of revolution with a smooth outline: bottles, vases, knobs, pestles."""
    height, radius = rng.uniform(0.06, _MOST), rng.uniform(0.018, 0.042)
    knots = rng.uniform(0.35, 1.0, 5)
    z = np.linspace(0, 1, 24)
    outline = radius * np.interp(z, np.linspace(0, 1, 5), knots / knots.max())
    smooth = np.convolve(np.pad(outline, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    rows = [(0.0, 0.0), *zip(smooth.tolist(), (height * z).tolist(), strict=True), (0.0, float(height))]
    return revolved(rows, 40)


def _egg(rng: np.random.Generator) -> Mesh:
    width = rng.uniform(0.035, 0.075)
    return egg(float(width * rng.uniform(1.0, 2.2)), float(width))


def _ring(rng: np.random.Generator) -> Mesh:
    return torus(float(rng.uniform(0.025, 0.06)), float(rng.uniform(0.008, 0.025)))


def _bowl(rng: np.random.Generator) -> Mesh:
    """An open vessel with a wall."""
    radius, height, wall = rng.uniform(0.03, 0.065), rng.uniform(0.03, 0.11), 0.004
    foot, t = rng.uniform(0.4, 1.0), np.linspace(0, 1, 10)
    outside = radius * (foot + (1 - foot) * t ** rng.uniform(0.4, 1.5))
    inside = np.maximum(outside - wall, 0.002)
    rows = [(0.0, 0.0), *zip(outside, height * t, strict=True)]
    rows += [*zip(inside[::-1], wall + (height - wall) * t[::-1], strict=True), (0.0, wall)]
    return revolved([(float(r), float(z)) for r, z in rows], 40)


def _profile(rng: np.random.Generator) -> Mesh:
    """A prism whose outline is a star-shaped polygon: from a wedge to a gear."""
    count = int(rng.integers(3, 11))
    angle = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * 2 * np.pi / count
    radius = rng.uniform(0.02, 0.065) * rng.uniform(0.45, 1.0, count)
    stretch = np.array([1.0, rng.uniform(0.5, 1.0)])
    outline = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None] * stretch
    outline *= max(1.0, _LEAST / float(np.ptp(outline, axis=0).max()))
    return extruded([(float(x), float(y)) for x, y in outline], float(rng.uniform(0.012, 0.12)), 0.001)


def _letter(rng: np.random.Generator) -> Mesh:
    """Two bars that meet: a T, L, cross or hammer."""
    first = rng.uniform([0.016, 0.012, 0.09], [0.034, 0.03, _MOST])
    second = rng.uniform([0.05, 0.012, 0.016], [0.12, 0.03, 0.04])
    place = [rng.choice([0.0, 0.45]) * (second[0] - first[0]), 0.0, rng.choice([0.0, 0.5, 0.5]) * first[2]]
    return _joined([(rounded_cuboid(first, 0.003), None, (0, 0, 0)), (rounded_cuboid(second, 0.003), None, place)])


def _tool(rng: np.random.Generator) -> Mesh:
    """A handle with something thinner or thicker at its end."""
    handle = cylinder(float(rng.uniform(0.011, 0.02)), float(rng.uniform(0.07, 0.12)), 0.002)
    length = float(rng.uniform(0.03, 0.1))
    end = (
        cylinder(float(rng.uniform(0.003, 0.008)), length, 0.001),
        rounded_cuboid((float(rng.uniform(0.02, 0.09)), 0.02, float(rng.uniform(0.01, 0.04))), 0.002),
        egg(length, float(rng.uniform(0.03, 0.06))),
    )[int(rng.integers(3))]
    top, bottom = float(handle[0][:, 2].max()), float(end[0][:, 2].min())
    return _joined([(handle, None, (0, 0, 0)), (end, None, (0, 0, top - bottom - 0.004))])


def _handled(rng: np.random.Generator) -> Mesh:
    """A cup with a ring for the finger."""
    radius, height = float(rng.uniform(0.028, 0.042)), float(rng.uniform(0.06, 0.11))
    ear = torus(float(rng.uniform(0.017, 0.026)), float(rng.uniform(0.007, 0.012)))
    upright = exp_rotation(np.array([np.pi / 2, 0.0, 0.0]))
    return _joined([(cylinder(radius, height, 0.002), None, (0, 0, 0)), (ear, upright, (radius + 0.012, 0, 0))])


_SHAPES: tuple[Callable[[np.random.Generator], Mesh], ...] = (
    *(_cuboid, _can, _bottle, _profile, _letter, _tool),
    *(_handled, _egg, _bowl, _profile, _cuboid, _ring),
)


def _joined(parts: Sequence[tuple[Mesh, FloatArray | None, Sequence[float]]]) -> Mesh:
    """Closed meshes put together, each turned and moved [m]; what is inside of the other stays."""
    vertices, faces, count = [], [], 0
    for (v, f), turn, place in parts:
        vertices.append((v if turn is None else v @ turn.T) + np.asarray(place, np.float64))
        faces.append(f + count)
        count += len(v)
    return np.concatenate(vertices), np.concatenate(faces).astype(np.int32)
