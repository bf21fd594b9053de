"""The objects of the rendered clips: things to hold that are hard to reconstruct in different ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from rhov_core.errors import InputError
from rhov_core.mesh.mesh_file import read_mesh
from rhov_core.mesh.sidecar import AxisSymmetry
from rhov_core.mesh.surface import Mesh
from rhov_core.synth.handles import Handle
from rhov_core.synth.material import Colour, Kind, Material
from rhov_core.synth.primitives import cylinder, egg, extruded, rounded_cuboid, torus
from rhov_core.synth.synth_object import MAX_FACES, Problem, Split, SynthObject
from rhov_core.synth.ycb import ycb_mesh

__all__ = ["MAX_FACES", "OBJECTS", "SynthObject", "synth_object"]

_WHITE, _BLACK, _GREY, _STEEL = (0.75, 0.74, 0.7), (0.03, 0.03, 0.035), (0.35, 0.35, 0.36), (0.45, 0.46, 0.48)
_RED, _BLUE, _GREEN, _YELLOW = (0.5, 0.04, 0.03), (0.05, 0.12, 0.42), (0.06, 0.3, 0.12), (0.72, 0.5, 0.05)
_ORANGE, _CREAM, _BROWN = (0.65, 0.22, 0.03), (0.68, 0.58, 0.42), (0.26, 0.13, 0.06)
_GLOSS: dict[Kind, float] = {"printed": 0.2, "label": 0.35, "wood": 0.1, "metal": 0.7, "plain": 0.4}
_L_OUTLINE = ((0.03, 0.03), (0.03, 0.12), (0.0, 0.12), (0.0, 0.0), (0.09, 0.0), (0.09, 0.03))
_TURN = (AxisSymmetry((0.0, 0.0, 1.0), None),)
_D2 = (AxisSymmetry((0.0, 0.0, 1.0), 2), AxisSymmetry((1.0, 0.0, 0.0), 2))
_HANDLES = {
    "mug": (
        Handle((-0.012, 0.0, -0.03), (-0.012, 0.0, 0.03), (1.0, 0.0, 0.0), "power"),
        Handle((0.05, 0.0, -0.02), (0.05, 0.0, 0.02), grip="pinch"),
    ),
    "drill": (Handle((0.046, -0.05, 0.0), (0.034, 0.025, 0.0), (-1.0, 0.0, 0.0), "power"),),
    "hammer": (Handle((0.07, -0.12, 0.0), (-0.01, 0.06, 0.0), both_ways=True),),
    "driver": (Handle((0.085, 0.035, 0.0), (0.01, 0.0, 0.0), both_ways=True),),
}


def _entry(
    name: str,
    split: Split,
    make: Callable[[], Mesh],
    kind: Kind,
    colours: tuple[Colour, ...],
    problems: str,
    **more: Any,
) -> SynthObject:
    """A line of the registry; `problems` are words."""
    named = cast("frozenset[Problem]", frozenset(problems.split()))
    return SynthObject(
        name, split, make, Material(kind, colours, _GLOSS[kind]), named, handles=_HANDLES.get(name, ()), **more
    )


_cuboid, _ycb = partial(partial, rounded_cuboid), partial(partial, ycb_mesh)
_BOXY = "textured symmetric"
# Masses of the scanned things [kg] are about those of the real ones.
_ALL = (
    _entry("carton", "dev", _cuboid((0.05, 0.07, 0.15), 0.003), "printed", (_CREAM, _RED, _BLUE), _BOXY),
    _entry("can", "dev", partial(cylinder, 0.033, 0.12, 0.002), "label", (_STEEL, _GREEN), _BOXY),
    _entry("egg", "dev", partial(egg, 0.08, 0.06), "plain", (_CREAM,), "plain symmetric", up=(1, 0, 0)),
    _entry("ring", "dev", partial(torus, 0.05, 0.02), "wood", (_BROWN, _CREAM), "symmetric thin concave"),
    _entry("mug", "dev", _ycb("025_mug"), "plain", (_RED, _WHITE), "plain concave", mass=0.118),
    _entry("mustard", "dev", _ycb("006_mustard_bottle"), "label", (_YELLOW, _RED), _BOXY, mass=0.603),
    _entry("banana", "dev", _ycb("011_banana"), "plain", (_YELLOW, _BROWN), "plain", mass=0.066),
    _entry("cracker_box", "dev", _ycb("003_cracker_box"), "printed", (_RED, _WHITE), _BOXY, mass=0.411, symmetry=_D2),
    _entry("scissors", "dev", _ycb("037_scissors"), "metal", (_STEEL, _ORANGE), "plain thin concave", mass=0.082),
    _entry("driver", "dev", _ycb("043_phillips_screwdriver"), "plain", (_ORANGE, _BLACK), "thin", mass=0.097),
    _entry("block", "test", _cuboid((0.055, 0.055, 0.1), 0.004), "plain", (_BLUE,), "plain symmetric"),
    _entry("case", "test", _cuboid((0.13, 0.07, 0.016), 0.003), "printed", (_BLACK, _GREEN), _BOXY + " thin"),
    _entry("bracket", "test", partial(extruded, _L_OUTLINE, 0.035, 0.002), "metal", (_GREY,), "plain concave"),
    _entry("soup_can", "test", _ycb("005_tomato_soup_can"), "label", (_WHITE, _RED), _BOXY, mass=0.349, symmetry=_TURN),
    _entry("meat_can", "test", _ycb("010_potted_meat_can"), "label", (_BLUE, _YELLOW), _BOXY, mass=0.37),
    _entry("sugar_box", "test", _ycb("004_sugar_box"), "printed", (_YELLOW, _BLUE), _BOXY, mass=0.514, symmetry=_D2),
    _entry("drill", "test", _ycb("035_power_drill"), "plain", (_ORANGE, _BLACK), "concave", mass=0.895, up=(0, 1, 0)),
    _entry("bowl", "test", _ycb("024_bowl"), "plain", (_RED,), "plain symmetric thin concave", mass=0.147),
    _entry("marker", "test", _ycb("040_large_marker"), "label", (_BLACK, _WHITE), "symmetric thin", mass=0.016),
    _entry("clamp", "test", _ycb("051_large_clamp"), "plain", (_BLACK, _ORANGE), "plain thin concave", mass=0.125),
    _entry("hammer", "test", _ycb("048_hammer"), "wood", (_CREAM, _STEEL), "textured concave", mass=0.665),
)
OBJECTS: Final[dict[str, SynthObject]] = {entry.name: entry for entry in _ALL}
"""By name."""


def synth_object(name_or_mesh: str | Path, split: Split = "test") -> SynthObject:
    """An object of `OBJECTS`, or one made of any mesh file in metres.

    Args:
        name_or_mesh: A name, or the path of a mesh file. Its holes are closed.
        split: Of an object that comes from a file.

    Raises:
        InputError: If it is neither a name nor a file.
    """
    if str(name_or_mesh) in OBJECTS:
        return OBJECTS[str(name_or_mesh)]
    path = Path(name_or_mesh)
    if not path.is_file():
        raise InputError(
            f"'{name_or_mesh}' is no object of the rendered clips and no mesh file",
            ", ".join(OBJECTS) + ", or the path of a mesh in metres",
            "correct the name",
        )
    material = Material("printed", (_CREAM, _RED, _BLUE))
    return SynthObject(path.stem, split, partial(read_mesh, path), material, frozenset(), up=None, repair=True)
