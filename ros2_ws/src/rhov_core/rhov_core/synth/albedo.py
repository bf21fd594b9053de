"""The colours of an object of the rendered clips without light and shade, as a scanner measures them."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.mesh.color_file import SAMPLES, spread_over
from rhov_core.mesh.surface_colors import GAMMA, SurfaceColors
from rhov_core.synth.drawn import Surface
from rhov_core.synth.shade_pixels import triplanar


def scanned_colors(vertices: FloatArray, faces: NDArray[np.int32], surface: Surface) -> SurfaceColors:
    """Coloured points on an object.

    Args:
        vertices: (V, 3) at rest [m].
        faces: (F, 3)
        surface: How it looks.
    """
    face, corners = spread_over(vertices, faces, SAMPLES, np.random.default_rng(0))
    rest = vertices * surface.repeats
    places = np.einsum("nc,nci->ni", corners, rest[faces[face]])
    linear = np.empty_like(places)
    _sample(surface.texture[None], rest, faces, face, places, linear)
    colors = np.rint(255 * np.clip(linear, 0, 1) ** (1 / GAMMA)).astype(np.uint8)
    return SurfaceColors(np.einsum("nc,nci->ni", corners, vertices[faces[face]]), colors)


@numba.njit(cache=True)
def _sample(textures: Any, rest: Any, faces: Any, face: Any, places: Any, colors: Any) -> None:
    for n in range(len(face)):
        i, j, k = faces[face[n]]
        triplanar(textures, 0, rest, i, j, k, places[n], colors[n])
