"""Triangle meshes: reading, checking, repairing, symmetries, convex parts."""

from rhov_core.mesh.convex_parts import convex_parts
from rhov_core.mesh.mesh_file import read_mesh, write_obj
from rhov_core.mesh.repair import repaired
from rhov_core.mesh.surface import check_size, is_closed, merged, oriented, volume_and_centre
from rhov_core.mesh.symmetry import find_symmetries, symmetry_group

__all__ = [
    "check_size",
    "convex_parts",
    "find_symmetries",
    "is_closed",
    "merged",
    "oriented",
    "read_mesh",
    "repaired",
    "symmetry_group",
    "volume_and_centre",
    "write_obj",
]
