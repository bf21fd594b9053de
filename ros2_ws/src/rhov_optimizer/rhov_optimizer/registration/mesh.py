"""The object's mesh with its origin moved to its centre, where rotation and translation decouple best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import FloatArray
from rhov_core.object_model import ObjectModel
from rhov_core.pose import skew


@dataclass(frozen=True)
class CentredMesh:
    """Vertices relative to the centre of their bounding box. All poses inside the tracker refer to this frame."""

    vertices: FloatArray
    """(V, 3) [m]."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    centre: FloatArray
    """(3,) the centre in the frame of the mesh file [m]."""

    @classmethod
    def from_model(cls, model: ObjectModel, max_faces: int) -> CentredMesh:
        """The mesh of a model, with at most about `max_faces` faces."""
        centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
        small = model.simplified(max_faces) if len(model.faces) > max_faces else model
        vertices = np.ascontiguousarray(small.vertices - centre, np.float64)
        return cls(vertices, np.ascontiguousarray(small.faces, np.int32), centre)

    @property
    def diameter(self) -> float:
        """Diagonal of the bounding box [m]."""
        return float(np.linalg.norm(self.vertices.max(0) - self.vertices.min(0)))

    def centred(self, T: FloatArray) -> FloatArray:
        """The pose (4, 4) of the centred mesh, of the pose of the mesh as it is in its file."""
        out = np.array(T, np.float64)
        out[:3, 3] += out[:3, :3] @ self.centre
        return out

    def in_file_frame(self, T: FloatArray) -> FloatArray:
        """The pose (4, 4) of the mesh as it is in its file, of the pose of the centred mesh."""
        out = np.array(T, np.float64)
        out[:3, 3] -= out[:3, :3] @ self.centre
        return out

    def covariance_in_file_frame(self, T: FloatArray, covariance: FloatArray) -> FloatArray:
        """The covariance (6, 6) of the pose in the file's frame.

        Args:
            T: (4, 4) pose of the centred mesh.
            covariance: (6, 6) for a left perturbation [translation, rotation] of it.
        """
        # t_file = t - R c, so a rotation w moves the translation by -w x R c = [R c]x w.
        J = np.eye(6)
        J[:3, 3:] = skew(T[:3, :3] @ self.centre)
        return J @ covariance @ J.T
