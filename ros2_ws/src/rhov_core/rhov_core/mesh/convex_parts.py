"""Convex parts that approximate a mesh, for collision checks; remembered on disk."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from rhov_core.arrays import FloatArray
from rhov_core.errors import InputError
from rhov_core.files import atomic_path
from rhov_core.mesh.repair import convex_hull
from rhov_core.mesh.surface import Mesh, volume_and_centre

CONVEX = 0.995
"""A mesh that fills this much of its convex hull is taken for convex."""
_OPTIONS = {
    "threshold": 0.05,
    "max_convex_hull": 16,
    "max_ch_vertex": 64,
    # A search less deep than the default finds parts as good in half the time.
    "resolution": 1000,
    "mcts_nodes": 10,
    "mcts_iterations": 60,
    "seed": 0,
}
_VERSION = 1
"""Raised when the parts of the same mesh would come out differently."""


def cache_folder() -> Path:
    """Where RHOV remembers what is slow to compute: `$XDG_CACHE_HOME/rhov` or `~/.cache/rhov`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rhov"


def convex_parts(vertices: FloatArray, faces: NDArray[np.int32]) -> list[Mesh]:
    """Splits a closed mesh into convex parts (CoACD; Wei et al., 2022); one part if it is convex.

    The first time this takes seconds to a minute for 2,000 faces; decimate larger meshes before.

    Args:
        vertices: (V, 3) [m].
        faces: (F, 3), wound outwards.

    Returns:
        Vertices [m] and faces of each part, each wound outwards.
    """
    hull = ConvexHull(vertices)
    if volume_and_centre(vertices, faces)[0] >= CONVEX * hull.volume:
        return [convex_hull(vertices)]
    content = hashlib.blake2b(digest_size=16)
    content.update(repr((_VERSION, sorted(_OPTIONS.items()))).encode())
    content.update(np.ascontiguousarray(vertices, np.float64).tobytes())
    content.update(np.ascontiguousarray(faces, np.int32).tobytes())
    file = cache_folder() / "convex_parts" / f"{content.hexdigest()}.npz"
    parts = _read(file)
    if parts is None:
        parts = _decompose(vertices, faces)
        _write(file, parts)
    return parts


def _decompose(vertices: FloatArray, faces: NDArray[np.int32]) -> list[Mesh]:
    import coacd  # it starts threads when imported

    coacd.set_log_level("error")
    parts = coacd.run_coacd(coacd.Mesh(np.asarray(vertices, np.float64), np.asarray(faces, np.int32)), **_OPTIONS)
    return [convex_hull(np.asarray(points, np.float64)) for points, _ in parts]


def _read(file: Path) -> list[Mesh] | None:
    try:
        with np.load(file, allow_pickle=False) as data:
            return [(data[f"vertices{i}"], data[f"faces{i}"]) for i in range(int(data["count"]))]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # a damaged cache is no reason to stop
        warnings.warn(f"the cached convex parts '{file}' cannot be read ({error}); they are made again", stacklevel=3)
        return None


def _write(file: Path, parts: list[Mesh]) -> None:
    arrays = {f"vertices{i}": v for i, (v, _) in enumerate(parts)} | {f"faces{i}": f for i, (_, f) in enumerate(parts)}
    try:
        with atomic_path(file) as partial, open(partial, "wb") as out:
            np.savez_compressed(out, count=np.asarray(len(parts)), **arrays)
    except (InputError, OSError) as error:
        warnings.warn(f"the convex parts are not remembered: {error}", stacklevel=3)
