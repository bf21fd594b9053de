"""The edges of a mesh and the vertices opposite to them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def mesh_edges(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The edges of a mesh, each once, with what is needed to tell whether it lies on the silhouette.

    Args:
        faces: (F, 3), contiguous.

    Returns:
        (E, 4) the two ends of each edge, and the vertices opposite to it in its two faces. An edge that does not
        have exactly two faces has -1 for the last vertex: it may always be on the silhouette.
    """
    return _mesh_edges(faces.tobytes())


@lru_cache(maxsize=16)
def _mesh_edges(faces: bytes) -> NDArray[np.int32]:
    f = np.frombuffer(faces, np.int32).reshape(-1, 3)
    ends = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    opposite = np.concatenate([f[:, 2], f[:, 0], f[:, 1]])
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    ends, opposite = ends[order], opposite[order]
    first = np.flatnonzero(np.r_[True, (ends[1:] != ends[:-1]).any(1)]) if len(ends) else np.zeros(0, np.int64)
    uses = np.diff(np.r_[first, len(ends)])
    second = np.where(uses == 2, opposite[np.minimum(first + 1, max(len(ends) - 1, 0))], -1) if len(ends) else uses
    out = np.column_stack([ends[first], opposite[first], second]).astype(np.int32)
    out.flags.writeable = False
    return out
