"""Reading the colours of a mesh file: textures, colours of vertices or faces, coloured points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from trimesh.visual.color import uv_to_interpolated_color

from rhov_core.arrays import ByteArray, FloatArray
from rhov_core.errors import InputError
from rhov_core.mesh.mesh_file import FORMATS, MAX_FACES, content_of
from rhov_core.mesh.surface_colors import SurfaceColors

SAMPLES = 30_000
"""Points that a coloured surface is represented by: 2 mm apart or less on things that are held in a hand."""


@dataclass(frozen=True)
class ColorFile:
    """Where the colours of an object are, to be read when they are needed."""

    path: Path
    scale: float = 1.0
    """Metres per unit of the file."""

    def read(self) -> SurfaceColors | None:
        """Its colours in metres; see `read_colors`."""
        found = read_colors(self.path)
        return found if found is None or self.scale == 1.0 else found.scaled(self.scale)


def read_colors(path: str | Path) -> SurfaceColors | None:
    """The colours of a mesh file.

    Read are textures by UV coordinates (OBJ with its MTL file, GLB), colours of vertices or faces (PLY, OBJ, OFF, GLB),
    materials that differ in colour, and clouds of coloured points (PLY).

    Args:
        path: An OBJ, STL, PLY, OFF or GLB file. Materials and pictures are read from its folder and the folders in it,
            from nowhere else; one that is missing there counts as if it were not named.

    Returns:
        Points in the file's unit; None if the file holds no colours, or about one colour only.

    Raises:
        InputError: If the file is missing, of another kind or damaged.
    """
    file, accepted = Path(path), "a mesh or a cloud of points with colours as " + ", ".join(FORMATS)
    kind = file.suffix.lower().lstrip(".")
    if not file.is_file():
        raise InputError(f"there is no file '{file}'", accepted, "check the path")
    if kind not in FORMATS:
        raise InputError(f"the file '{file}' is of the kind '{kind}'", accepted, "export it as one of these")
    try:
        # keeps to its folder, through links too
        folder = trimesh.resolvers.FilePathResolver(str(file))
        parts = trimesh.load_scene(content_of(file, kind), file_type=kind, process=False, resolver=folder).dump()
        colored = _spread(parts)
    except MemoryError:
        raise
    except Exception as error:  # the readers raise all kinds of errors for damaged files
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the colours of '{file}' cannot be read ({reason})", accepted, "export it again") from error
    return None if colored is None or colored.is_plain else colored


def _spread(parts: list[Any]) -> SurfaceColors | None:
    """Coloured points on all parts of a scene, about evenly; None if no part has colours."""
    areas = [float(getattr(part, "area", 0.0)) for part in parts]
    points, colors = [], []
    rng = np.random.default_rng(0)
    if (size := sum(len(getattr(part, "faces", part.vertices)) for part in parts)) > MAX_FACES:
        raise ValueError(f"{size} faces or points, where up to {MAX_FACES} are read")
    for part, area in zip(parts, areas, strict=True):
        if isinstance(part, trimesh.PointCloud):
            found = _thinned(part) if len(part.colors) == len(part.vertices) else None
        else:
            found = _sampled(part, int(np.ceil(SAMPLES * area / sum(areas))) if area > 0 else 0, rng)
        if found is not None:
            points.append(found[0])
            colors.append(np.asarray(found[1], np.uint8)[:, :3])
    return SurfaceColors(np.concatenate(points), np.concatenate(colors)) if points else None


def _thinned(cloud: Any) -> tuple[FloatArray, ByteArray]:
    """Points (N, 3) of a cloud and their colours (N, 4), evenly chosen in their order where they are too many."""
    count = len(cloud.vertices)
    kept = np.arange(count) if count <= SAMPLES else np.linspace(0, count - 1, SAMPLES).astype(np.int64)
    return np.asarray(cloud.vertices)[kept], np.asarray(cloud.colors)[kept]


def _sampled(mesh: Any, count: int, rng: np.random.Generator) -> tuple[FloatArray, ByteArray] | None:
    """Points (N, 3) on a mesh and their colours (N, 3 or 4); None if it has none."""
    visual = mesh.visual
    if count == 0 or not visual.defined or visual.kind is None:
        return None
    faces, corners = spread_over(np.asarray(mesh.vertices), np.asarray(mesh.faces), count, rng)
    points = np.einsum("nc,nci->ni", corners, np.asarray(mesh.vertices)[mesh.faces[faces]])
    if visual.kind == "face":
        return points, np.asarray(visual.face_colors)[faces]
    if visual.kind == "vertex":
        values = np.asarray(visual.vertex_colors, np.float64)[mesh.faces[faces]]
        return points, np.einsum("nc,nci->ni", corners, values).round().astype(np.uint8)
    material = visual.material
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    if picture is None or visual.uv is None:
        return points, np.tile(np.asarray(material.main_color, np.uint8), (len(points), 1))
    uv = np.einsum("nc,nci->ni", corners, np.asarray(visual.uv)[mesh.faces[faces]])
    return points, np.asarray(uv_to_interpolated_color(uv, picture))


def spread_over(
    vertices: FloatArray, faces: Any, count: int, rng: np.random.Generator
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], FloatArray]:
    """Places that are spread evenly over a surface.

    Args:
        vertices: (V, 3)
        faces: (F, 3)
        count: How many.
        rng: For their places.

    Returns:
        The face (N,) and the weights (N, 3) of its corners, of each place.
    """
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    # stratified over the area, so that every part of the surface is met
    place = (np.arange(count) + rng.random(count)) / count * areas.sum()
    face = np.minimum(np.searchsorted(np.cumsum(areas), place), len(faces) - 1)
    u, v = rng.random((2, count))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return face, np.stack([1 - u - v, u, v], axis=1)
