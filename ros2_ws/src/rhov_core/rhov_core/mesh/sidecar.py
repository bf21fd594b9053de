"""The YAML file beside a mesh, which says what a mesh file cannot.

`mug.yaml` beside `mug.obj`, all entries optional:

    name: coffee mug
    scale: 0.001              # metres per unit of the mesh file
    metric: true              # false: the size is not known
    mass: 0.31                # [kg]
    friction: 0.8             # sliding friction against the gripper
    symmetries:               # instead of those found in the mesh; [] for none
      - axis: [0, 0, 1]       # in the mesh's frame
        order: 4              # or `continuous`
        point: [0, 0, 0]      # [m] after scaling; default: the centroid of the surface
    colors: mug_scan.glb      # a file in the same folder and frame with the colours; default: the mesh file's own
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from rhov_core.errors import InputError
from rhov_core.files import atomic_path

_ACCEPTED = "entries name, scale, metric, mass, friction, symmetries and colors as docs/meshes.md describes them"


@dataclass(frozen=True)
class AxisSymmetry:
    """A declared axis of symmetry."""

    axis: tuple[float, float, float]
    order: int | None
    """Number of rotations in a full turn; None for an axis of revolution."""
    point: tuple[float, float, float] | None = None
    """A point on the axis [m]; None for the centroid."""


@dataclass(frozen=True)
class Sidecar:
    """What the file beside a mesh says; None where it says nothing."""

    name: str | None = None
    scale: float = 1.0
    metric: bool | None = None
    mass: float | None = None
    friction: float | None = None
    symmetries: tuple[AxisSymmetry, ...] | None = None
    colors: str | None = None
    """Name of a file in the mesh's folder."""

    @classmethod
    def beside(cls, mesh: str | Path) -> Sidecar:
        """Reads the file beside a mesh file, if there is one.

        Raises:
            InputError: If it cannot be read or holds anything unknown.
        """
        path = Path(mesh).with_suffix(".yaml")
        if not path.is_file():
            return cls()
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"'{path}' cannot be read ({reason})", _ACCEPTED, "correct it") from error
        content = {} if content is None else content
        if not isinstance(content, Mapping):
            raise InputError(f"'{path}' is a {type(content).__name__}", _ACCEPTED, "correct it")
        reader = _Reader(path, content)
        return cls(
            name=reader.text("name"),
            scale=reader.positive("scale", "metres per unit of the mesh") or 1.0,
            metric=reader.flag("metric"),
            mass=reader.positive("mass", "a mass in kg"),
            friction=reader.positive("friction", "a friction coefficient"),
            symmetries=reader.symmetries(),
            colors=reader.neighbour("colors"),
        )

    def save(self, mesh: str | Path) -> None:
        """Writes the file beside a mesh file."""
        content: dict[str, Any] = {}
        for key in ("name", "metric", "mass", "friction", "colors"):
            if getattr(self, key) is not None:
                content[key] = getattr(self, key)
        if self.scale != 1.0:
            content["scale"] = self.scale
        if self.symmetries is not None:
            content["symmetries"] = [
                {"axis": [float(x) for x in s.axis], "order": "continuous" if s.order is None else s.order}
                | ({} if s.point is None else {"point": [float(x) for x in s.point]})
                for s in self.symmetries
            ]
        with atomic_path(Path(mesh).with_suffix(".yaml")) as partial:
            partial.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


class _Reader:
    """Takes typed entries from the content of a file and refuses the rest."""

    def __init__(self, path: Path, content: Mapping[Any, Any]) -> None:
        self._path, self._content = path, content
        known = {"name", "scale", "metric", "mass", "friction", "symmetries", "colors"}
        if unknown := sorted(str(k) for k in content if k not in known):
            raise InputError(f"'{path}' has the entry '{unknown[0]}'", _ACCEPTED, "correct it")

    def _refuse(self, key: str, value: Any, accepted: str) -> InputError:
        return InputError(f"'{self._path}' has {key}: {value!r}", accepted, "correct it")

    def text(self, key: str) -> str | None:
        value = self._content.get(key)
        if value is not None and not isinstance(value, str):
            raise self._refuse(key, value, "a text")
        return value

    def neighbour(self, key: str) -> str | None:
        value = self.text(key)
        folder = self._path.resolve().parent
        if value is not None and not (folder / value).resolve().is_relative_to(folder):
            raise self._refuse(key, value, "the name of a file in the folder of the mesh")
        return value

    def flag(self, key: str) -> bool | None:
        value = self._content.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._refuse(key, value, "true or false")
        return value

    def positive(self, key: str, what: str) -> float | None:
        value = self._content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not (0 < value < math.inf):
            raise self._refuse(key, value, f"{what}, a positive number")
        return float(value)

    def symmetries(self) -> tuple[AxisSymmetry, ...] | None:
        value = self._content.get("symmetries")
        if value is None:
            return None
        if not isinstance(value, list):
            raise self._refuse("symmetries", value, "a list of axes, [] for none")
        return tuple(self._axis(entry) for entry in value)

    def _axis(self, entry: Any) -> AxisSymmetry:
        accepted = "axis: [x, y, z], order: 2 or more or 'continuous', optionally point: [x, y, z]"
        try:
            extra = set(entry) - {"axis", "order", "point"}
            axis = np.asarray(entry["axis"], np.float64)
            point = None if entry.get("point") is None else np.asarray(entry["point"], np.float64)
            order = None if entry["order"] == "continuous" else int(entry["order"])
            valid = axis.shape == (3,) and bool(np.isfinite(axis).all() and np.linalg.norm(axis) > 1e-9)
            valid = valid and (point is None or (point.shape == (3,) and bool(np.isfinite(point).all())))
            valid = valid and (order is None or 2 <= order <= 36) and not extra
        except (TypeError, ValueError, KeyError, AttributeError):
            valid = False
        if not valid:
            raise self._refuse("a symmetry", entry, accepted)
        return AxisSymmetry(
            (float(axis[0]), float(axis[1]), float(axis[2])),
            order,
            None if point is None else (float(point[0]), float(point[1]), float(point[2])),
        )
