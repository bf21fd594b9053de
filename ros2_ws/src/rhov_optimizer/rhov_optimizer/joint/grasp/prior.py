"""What every grasp prior is given and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.registration.mesh import CentredMesh


@dataclass(frozen=True)
class GraspScene:
    """Hand and object in n frames."""

    hand_model: HandModel
    """Light: all parameters mean what they mean in the full model."""
    pose: FloatArray
    """(n, 48) [rad]."""
    shape: FloatArray
    """(10,)"""
    translation: FloatArray
    """(n, 3) [m]."""
    T: FloatArray
    """(n, 4, 4) poses of the centred mesh."""
    scale: float
    """Of the object."""
    mesh: CentredMesh
    distance: SignedDistanceGrid
    """To the surface of the centred, unscaled mesh."""
    near: float
    """A fingertip nearer to the object than this is held to touch it [m]."""


@dataclass(frozen=True)
class Grasps:
    """Finger poses for n frames."""

    fingers: FloatArray
    """(n, 45) rotation vectors of the finger joints [rad]."""
    proposed: FloatArray
    """(n, 15) 1 for the joints that a grasp is proposed for, 0 for those that are left alone."""


class GraspPrior(Protocol):
    """Proposes grasps. A new prior is a class with these methods and a line in `GRASP_PRIORS`."""

    def refusal(self, hand_model: HandModel) -> str | None:
        """Why the prior knows nothing of a hand model; None if it does."""
        ...

    def propose(self, scene: GraspScene) -> Grasps:
        """Grasps like those that the hand seems about to make."""
        ...
