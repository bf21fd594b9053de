"""What a picture is made of: meshes, planes, lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.synth.textures import Texture


@dataclass(frozen=True)
class Surface:
    """How a surface looks."""

    texture: Texture
    """(S, S, 3) linear colour."""
    repeats: float
    """Texture tiles per metre."""
    roughness: float = 0.6
    """0: a mirror, 1: chalk."""
    specular: float = 0.03
    """Share of light reflected head-on: 0.03 for skin and plastics, 0.5 for metal."""
    wrap: float = 0.0
    """How far light creeps round into the shade, as it does in skin."""
    crease: float = 0.7
    """Edges sharper than this angle look sharp [rad]."""


@dataclass(frozen=True)
class Part:
    """A mesh whose vertices move and whose texture sticks to its rest pose."""

    rest: FloatArray
    """(V, 3) vertices that the texture is laid on [m]."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    surface: Surface
    color: FloatArray | None = None
    """(V, 3) factors of the texture's colour."""


@dataclass(frozen=True)
class Plane:
    """A textured rectangle that does not move."""

    T_camera_plane: FloatArray
    """(4, 4): the rectangle lies in its x and y, around its origin; z points to where it is seen from."""
    half: tuple[float, float]
    """Half its sides along x and y [m]."""
    surface: Surface


@dataclass(frozen=True)
class Light:
    """A lamp that is a ball."""

    position: FloatArray
    """(3,) camera frame [m]."""
    color: FloatArray
    """(3,) how bright a white surface at the scene's middle is that faces it."""
    radius: float
    """[m]; the larger, the softer the shadows."""
