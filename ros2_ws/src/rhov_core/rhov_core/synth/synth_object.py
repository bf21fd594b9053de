"""An object of the rendered clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from rhov_core.arrays import FloatArray
from rhov_core.mesh.declared import declared_symmetries
from rhov_core.mesh.sidecar import AxisSymmetry
from rhov_core.mesh.surface import Mesh, surface_centroid
from rhov_core.object_model import ObjectModel
from rhov_core.synth.handles import Handle, Vector
from rhov_core.synth.material import Material
from rhov_core.synth.resting import resting_transform

Split = Literal["dev", "test"]
Problem = Literal["textured", "plain", "symmetric", "thin", "concave"]
MAX_FACES: Final = 2500


@dataclass(frozen=True)
class SynthObject:
    """An object in metres, with the middle of its bounding box at the origin of its frame."""

    name: str
    split: Split
    make: Callable[[], Mesh]
    """Gives its closed mesh, anywhere in its frame [m]."""
    material: Material
    problems: frozenset[Problem]
    """What makes it hard to reconstruct."""
    up: Vector | None = (0.0, 0.0, 1.0)
    """About what points up when it rests on a table, object frame; None: the pose with the lowest centre of mass."""
    handles: tuple[Handle, ...] = ()
    """Where it is meant to be held; empty: anywhere."""
    symmetry: tuple[AxisSymmetry, ...] | None = None
    """Symmetries of the thing, where its scan is too uneven to find them; None: those found in the mesh."""
    mass: float | None = None
    """[kg]; None: from its volume, see `ObjectModel`."""
    repair: bool = False
    """Whether holes in its mesh are closed instead of refused."""

    def load(self) -> ObjectModel:
        """Its mesh, closed, with at most `MAX_FACES` faces.

        Raises:
            InputError: If its mesh cannot be used.
            MissingDependencyError: If it is a scan and the package with the scans is not installed.
        """
        return _loaded(self)

    @property
    def T_world_object(self) -> FloatArray:
        """(4, 4) at rest on the table z = 0 of a world whose z axis points up, its origin above the world's."""
        model = self.load()
        return resting_transform(model.vertices, model.faces, self.up)

    @property
    def R_world_object(self) -> FloatArray:
        """(3, 3) rotation of `T_world_object`."""
        return self.T_world_object[:3, :3]

    @property
    def texture_breaks_symmetry(self) -> bool:
        """Whether its shape has symmetries that its texture does not have, so that a camera can tell the poses."""
        return self.material.breaks_symmetry and len(self.load().symmetries) > 1


@lru_cache(maxsize=64)
def _loaded(obj: SynthObject) -> ObjectModel:
    vertices, faces = obj.make()
    whole = ObjectModel.from_mesh(vertices, faces, name=obj.name, mass=obj.mass, repair=obj.repair)
    few = whole.simplified(MAX_FACES)
    centred = few.vertices - (few.vertices.max(0) + few.vertices.min(0)) / 2
    symmetries = None
    if obj.symmetry is not None:
        symmetries = declared_symmetries(obj.symmetry, surface_centroid(centred, few.faces))
    return ObjectModel(centred, few.faces, obj.name, whole.mass, notes=whole.notes, given_symmetries=symmetries)
