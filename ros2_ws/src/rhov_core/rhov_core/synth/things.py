"""Things that stand about: clutter at the sides, occluders before the object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.pose import exp_rotation
from rhov_core.synth.material import Kind, Material
from rhov_core.synth.primitives import cylinder, rounded_cuboid
from rhov_core.synth.textures import muted

_KINDS: tuple[Kind, ...] = ("printed", "label", "wood", "metal", "plain")


@dataclass(frozen=True)
class Thing:
    """A thing on the table that nobody touches."""

    rest: FloatArray
    """(V, 3) [m]"""
    vertices: FloatArray
    """(V, 3) world [m]."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    material: Material
    radius: float
    """Around its middle, seen from above [m]."""

    def keeps_off(self, points: FloatArray, margin: float = 0.012) -> bool:
        """Whether points (N, 3) in the world stay away from it [m]."""
        low, high = self.vertices.min(0), self.vertices.max(0)
        aside = np.linalg.norm(points[:, :2] - (low + high)[:2] / 2, axis=1)
        return not bool(((aside < self.radius + margin) & (points[:, 2] < high[2] + margin)).any())


def a_thing(rng: np.random.Generator, place: FloatArray, height: tuple[float, float]) -> Thing:
    """A carton or a can of random size and look.

    Args:
        rng: Generator.
        place: (2,) on the table [m].
        height: Range of its height [m].
    """
    tall = float(rng.uniform(*height))
    if rng.random() < 0.5:
        rest, faces = rounded_cuboid((float(rng.uniform(0.03, 0.09)), float(rng.uniform(0.03, 0.09)), tall), 0.004)
    else:
        rest, faces = cylinder(float(rng.uniform(0.022, 0.042)), tall, 0.003)
    turned = rest @ exp_rotation([0, 0, rng.uniform(0, 2 * np.pi)]).T
    vertices = turned + np.array([*place, -turned[:, 2].min()])
    colors = tuple((float(r), float(g), float(b)) for r, g, b in (muted(rng, 0.05, 0.6, 0.6) for _ in range(2)))
    material = Material(_KINDS[int(rng.integers(len(_KINDS)))], colors)
    return Thing(rest, vertices, faces, material, float(np.linalg.norm(turned[:, :2], axis=1).max()))
