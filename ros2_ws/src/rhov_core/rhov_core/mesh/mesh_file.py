"""Reading and writing of mesh files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.files import atomic_path

FORMATS = ("obj", "stl", "ply", "off", "glb")
MAX_FACES = 2_000_000
"""Larger meshes are refused: they would need more memory than the rest of the program."""


def read_mesh(path: str | Path) -> tuple[FloatArray, NDArray[np.int32]]:
    """Reads the triangles of a mesh file, without textures; all parts of a scene become one mesh.

    Args:
        path: An OBJ, STL, PLY, OFF or GLB file. Nothing else is read for it, nor fetched.

    Returns:
        Vertices (V, 3) in the file's unit and faces (F, 3), as they are in the file.

    Raises:
        InputError: If the file is missing, of another kind or damaged, has no faces or too many, or is not finite.
    """
    file, accepted = Path(path), "a triangle mesh as " + ", ".join(FORMATS)
    kind = file.suffix.lower().lstrip(".")
    if not file.is_file():
        raise InputError(f"there is no mesh file '{file}'", accepted, "check the path")
    if kind not in FORMATS:
        raise InputError(f"the mesh file '{file}' is of the kind '{kind}'", accepted, "export it as one of these")
    try:
        mesh = trimesh.load_scene(content_of(file, kind), file_type=kind, process=False, skip_materials=True).to_mesh()
        vertices, faces = np.array(mesh.vertices, np.float64), np.array(mesh.faces, np.int64)
    except MemoryError:
        raise
    except Exception as error:  # the readers raise all kinds of errors for damaged files
        # An ImportError means that the reader, at a loss, looked for a guesser of text encodings.
        reason = "it is damaged" if isinstance(error, ImportError) else " ".join(str(error).split())[:200]
        raise InputError(f"the mesh file '{file}' cannot be read ({reason})", accepted, "export it again") from error
    if not len(faces) or not len(vertices):
        raise InputError(f"the mesh '{file}' has no faces", "a triangle mesh", "export it again with its faces")
    if len(faces) > MAX_FACES:
        raise InputError(
            f"the mesh '{file}' has {len(faces)} faces", f"up to {MAX_FACES}", "decimate it in a mesh editor"
        )
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError(f"a face of the mesh '{file}' refers to a missing vertex", accepted, "export it again")
    if not np.isfinite(vertices).all():
        row = int(np.flatnonzero(~np.isfinite(vertices).all(1))[0])
        raise InputError(
            f"vertex {row} of the mesh '{file}' is not finite", "finite coordinates", "remove NaN and infinity from it"
        )
    return vertices, faces.astype(np.int32)


def content_of(file: Path, kind: str) -> IO[Any]:
    """A mesh file in memory; text in any encoding, whose numbers are ASCII anyway."""
    content = file.read_bytes()
    return io.StringIO(content.decode("utf-8", "replace")) if kind in ("obj", "off") else io.BytesIO(content)


def write_obj(path: str | Path, vertices: FloatArray, faces: NDArray[np.int32]) -> None:
    """Writes an OBJ file with vertices (V, 3) [m] and faces (F, 3), exact in double precision.

    Raises:
        InputError: If the folder cannot be written.
    """
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in vertices.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (np.asarray(faces, np.int64) + 1).tolist()]
    with atomic_path(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
