"""The manipulated object: its mesh and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from rhov_core.arrays import FloatArray, checked
from rhov_core.errors import InputError
from rhov_core.mesh.color_file import ColorFile
from rhov_core.mesh.convex_parts import convex_parts
from rhov_core.mesh.decimate import decimated
from rhov_core.mesh.declared import axes_of, declared_symmetries
from rhov_core.mesh.mesh_file import read_mesh, write_obj
from rhov_core.mesh.repair import repaired
from rhov_core.mesh.sidecar import Sidecar
from rhov_core.mesh.surface import (
    Mesh,
    check_size,
    check_volume,
    is_closed,
    merged,
    open_edges,
    oriented,
    surface_centroid,
    volume_and_centre,
)
from rhov_core.mesh.surface_colors import SurfaceColors
from rhov_core.mesh.symmetry import find_symmetries

DENSITY = 400.0
"""Without a given mass the object weighs this much per volume of its mesh [kg/m^3]: between an empty and a full box."""
FRICTION = 0.8
"""Default coefficient of sliding friction: rubber finger tips on cardboard, plastic or lacquer."""
_DETAIL = 2000
"""Symmetries and convex parts are computed with at most this many faces."""
_NEARLY = 0.03
"""Deviation of a surface from a symmetry that it nearly has, as a fraction of its diagonal."""
_SAME_PLACE = 1e-5
"""Vertices nearer than this fraction of the diagonal are one vertex, rounded differently by the file."""


@dataclass(frozen=True)
class ObjectModel:
    """A closed triangle mesh, wound outwards, with name, mass, friction and symmetries.

    The object's frame is that of the mesh file. Build it with `load`, `from_mesh` or `box`, which check the mesh.
    """

    vertices: FloatArray
    """(V, 3) object frame [m]."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    name: str
    mass: float
    """[kg]"""
    friction: float = FRICTION
    is_metric: bool = True
    """Whether the size of the mesh is known to be that of the object."""
    notes: tuple[str, ...] = ()
    """What was done to the mesh or assumed about it, as clauses for the report."""
    given_symmetries: FloatArray | None = None
    """(S, 4, 4) symmetries that are known, with the identity; None: find them in the mesh."""
    color_source: SurfaceColors | ColorFile | None = None
    """The colours of its surface, or the file that may hold them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", checked("ObjectModel.vertices", self.vertices, (None, 3)))
        object.__setattr__(self, "faces", checked("ObjectModel.faces", self.faces, (None, 3), np.int32))
        if self.given_symmetries is not None:
            given = checked("ObjectModel.given_symmetries", self.given_symmetries, (None, 4, 4))
            object.__setattr__(self, "given_symmetries", given)
        for quantity, value in (("mass", self.mass), ("friction", self.friction)):
            if not (np.isfinite(value) and value > 0):
                raise InputError(
                    f"the {quantity} of the object is {value}", "a positive number", f"give its {quantity}"
                )

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        name: str | None = None,
        mass: float | None = None,
        friction: float | None = None,
        repair: bool = False,
    ) -> ObjectModel:
        """Reads a mesh in metres (OBJ, STL, PLY, OFF, GLB), and the YAML file of the same name beside it, if any.

        What is given here goes before what that file says. See `rhov_core.mesh.sidecar` for its entries.

        Args:
            path: The mesh file.
            name: Default: the name of the file.
            mass: [kg]. Default: the volume times `DENSITY`.
            friction: Default: `FRICTION`.
            repair: Whether a mesh with holes is closed instead of refused; `notes` says how.

        Raises:
            InputError: If the file is missing, damaged or empty, the mesh is not finite, flat, open or of a size that
                is not plausible in metres.
        """
        vertices, faces = read_mesh(path)
        sidecar = Sidecar.beside(path)
        model = cls.from_mesh(
            vertices * sidecar.scale,
            faces,
            name=name or sidecar.name or Path(path).stem,
            mass=sidecar.mass if mass is None else mass,
            friction=sidecar.friction if friction is None else friction,
            is_metric=sidecar.metric is not False,
            repair=repair,
            what=f"the mesh '{path}'",
        )
        colors = Path(path) if sidecar.colors is None else Path(path).with_name(sidecar.colors)
        model = replace(model, color_source=ColorFile(colors, sidecar.scale))
        if sidecar.symmetries is None:
            return model
        centroid = surface_centroid(model.vertices, model.faces)
        return replace(model, given_symmetries=declared_symmetries(sidecar.symmetries, centroid))

    @classmethod
    def from_mesh(
        cls,
        vertices: ArrayLike,
        faces: ArrayLike,
        *,
        name: str,
        mass: float | None = None,
        friction: float | None = None,
        is_metric: bool = True,
        repair: bool = False,
        what: str = "the mesh",
    ) -> ObjectModel:
        """Checks a mesh and makes a model of it.

        Args:
            vertices: (V, 3) [m]. Vertices at the same place are merged.
            faces: (F, 3). Wound in any way.
            name: The object's name.
            mass: [kg]. Default: the volume times `DENSITY`.
            friction: Default: `FRICTION`.
            is_metric: Whether the size is that of the object.
            repair: Whether a mesh with holes is closed instead of refused.
            what: How to name the mesh in messages.

        Raises:
            InputError: If the mesh is not finite, flat, open or of a size that is not plausible in metres.
        """
        v, f = checked(what, vertices, (None, 3)), checked(what, faces, (None, 3), np.int32)
        v, f = merged(v, f)
        if not len(f):
            raise InputError(f"{what} has no faces with an area", "a triangle mesh", "export it again with its faces")
        check_size(v, what)
        (v, f), note = _closed(v, f, what, repair)
        check_volume(v, f, what)
        notes: tuple[str, ...] = () if note is None else (f"{what} was not closed: {note}",)
        if mass is None:
            mass = DENSITY * volume_and_centre(v, f)[0]
            notes += (f"the mass of {name} is taken as {mass:.3g} kg, {DENSITY:g} kg/m^3 of its volume",)
        return cls(v, f, name, mass, FRICTION if friction is None else friction, is_metric, notes)

    @classmethod
    def box(cls, size: ArrayLike, name: str = "box", *, mass: float | None = None) -> ObjectModel:
        """A cuboid centred at the origin.

        Args:
            size: (3,) its sides along x, y and z [m].
            name: The object's name.
            mass: [kg]. Default: the volume times `DENSITY`.
        """
        corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
        faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
        return cls.from_mesh(corners * checked("the size of the box", size, (3,)), faces, name=name, mass=mass)

    def save(self, path: str | Path) -> None:
        """Writes an OBJ file, and beside it a YAML file with name, mass, friction and the symmetries that are known.

        Colours go into a PLY file of points, `mug_colors.ply` beside `mug.obj`.

        Raises:
            InputError: If the name does not end in .obj or the folder cannot be written.
        """
        if Path(path).suffix.lower() != ".obj":
            raise InputError(f"the mesh is to be written to '{path}'", "a name that ends in .obj", "change the name")
        write_obj(path, self.vertices, self.faces)
        known = None if self.given_symmetries is None else axes_of(self.given_symmetries)
        colors = None
        if self.colors is not None:
            colors = f"{Path(path).stem}_colors.ply"
            self.colors.save(Path(path).with_name(colors))
        Sidecar(self.name, 1.0, self.is_metric, self.mass, self.friction, known, colors).save(path)

    @property
    def watertight(self) -> bool:
        """Whether the surface is closed and consistently wound."""
        return is_closed(self.faces)

    @property
    def extents(self) -> FloatArray:
        """(3,) sides of the bounding box along the object's axes [m]."""
        return np.ptp(self.vertices, axis=0)

    @cached_property
    def diameter(self) -> float:
        """Largest distance between two vertices [m]."""
        corners = self.vertices[ConvexHull(self.vertices).vertices]
        if len(corners) > 2000:  # such a hull is smooth: its extreme points lie near each other
            corners = corners[:: len(corners) // 2000 + 1]
        return float(pdist(corners).max())

    @cached_property
    def volume(self) -> float:
        """[m^3]"""
        return volume_and_centre(self.vertices, self.faces)[0]

    @cached_property
    def centre_of_mass(self) -> FloatArray:
        """(3,) for a uniform density, object frame [m]."""
        return volume_and_centre(self.vertices, self.faces)[1]

    @cached_property
    def symmetries(self) -> FloatArray:
        """(S, 4, 4) rotations of the object frame that map the object onto itself, the identity first."""
        if self.given_symmetries is not None:
            return self.given_symmetries
        simple = self.simplified(_DETAIL)
        return find_symmetries(simple.vertices, simple.faces)

    @cached_property
    def near_symmetries(self) -> FloatArray:
        """(S, 4, 4) as `symmetries`, with those that the surface has nearly: outlines hardly tell such poses apart."""
        simple = self.simplified(_DETAIL)
        return find_symmetries(simple.vertices, simple.faces, _NEARLY)

    @cached_property
    def colors(self) -> SurfaceColors | None:
        """The colours of its surface; None if they are not known or about the same all over.

        Raises:
            InputError: If the file that holds them cannot be read.
        """
        found = self.color_source.read() if isinstance(self.color_source, ColorFile) else self.color_source
        return None if found is None or found.is_plain else found

    def convex_parts(self) -> list[Mesh]:
        """Vertices (N, 3) [m] and faces (M, 3) of convex parts for collision checks, remembered on disk."""
        simple = self.simplified(_DETAIL)
        return convex_parts(simple.vertices, simple.faces)

    def simplified(self, max_faces: int) -> ObjectModel:
        """The model with at most `max_faces` faces (quadric decimation), or as few as keep it closed.

        Mass, notes and declared symmetries stay.
        """
        if len(self.faces) <= max_faces:
            return self
        vertices, faces = decimated(self.vertices, self.faces, max_faces)
        return replace(self, vertices=vertices, faces=faces)


def _closed(vertices: FloatArray, faces: NDArray[np.int32], what: str, repair: bool) -> tuple[Mesh, str | None]:
    """The mesh wound outwards, and what had to be done to close it."""
    diagonal = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    holes = 0
    for tolerance in (0.0, _SAME_PLACE * diagonal):
        v, f = (vertices, faces) if tolerance == 0.0 else merged(vertices, faces, tolerance)
        f = oriented(v, f)
        if is_closed(f):
            return (v, f), None
        holes = open_edges(f)
    if repair:
        return repaired(vertices, faces)
    raise InputError(
        f"{what} is not watertight ({holes} open edges)",
        "a closed surface",
        "close it in a mesh editor or let it be closed with --repair-mesh",
    )
