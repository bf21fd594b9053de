"""What the terms of the joint optimisation look at: the clip, and hand and object at the current parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_optimizer.joint.config import JointConfig
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord


@dataclass(frozen=True)
class HandScene:
    """The hand in n frames."""

    pose: torch.Tensor
    """(n, 48) [rad]."""
    translation: torch.Tensor
    """(n, 3) [m]."""
    vertices: torch.Tensor
    """(n, V, 3) of the light hand model, camera frame [m]."""
    joints: torch.Tensor
    """(n, 21, 3) camera frame [m]."""


@dataclass(frozen=True)
class Scene:
    """Hand and object in n consecutive frames, at the current parameters."""

    frames: slice
    """Which frames of the clip."""
    lead: int
    """How many of the first frames are there for differences in time only."""
    object_rotation: torch.Tensor
    """(n, 3, 3) of the centred mesh."""
    object_translation: torch.Tensor
    """(n, 3) [m]."""
    object_scale: torch.Tensor
    """() 1 for a metric mesh."""
    object_vertices: torch.Tensor
    """(n, V, 3) camera frame [m]."""
    hand: HandScene | None
    """None if the clip shows no hand."""

    @property
    def own(self) -> slice:
        """The frames, among these n, whose losses count."""
        return slice(self.lead, None)

    @property
    def own_frames(self) -> slice:
        """The same frames in the clip."""
        return slice(self.frames.start + self.lead, self.frames.stop)

    def in_object(self, points: torch.Tensor) -> torch.Tensor:
        """Camera points (n, P, 3) in the object's centred frame, in the mesh's unscaled units."""
        centred = points - self.object_translation[:, None]
        return centred @ self.object_rotation / self.object_scale


@dataclass(frozen=True)
class Problem:
    """The clip that is optimised: what terms may prepare themselves from."""

    camera: Camera
    """Without distortion."""
    records: Sequence[TrackRecord]
    """N frames."""
    stamps: FloatArray
    """(N,) [s]."""
    seen: BoolArray
    """(N,) where the object was tracked."""
    mesh: CentredMesh
    """The object, decimated."""
    distance: SignedDistanceGrid
    """To the object's surface, in the centred mesh's frame."""
    hand_model: HandModel | None
    """Light; None if the clip shows no hand."""
    hand: HandTrack | None
    """Where the hand starts from; None if the clip shows none."""
    start: Scene
    """The whole clip at the start, without gradients."""
    config: JointConfig

    def __len__(self) -> int:
        return len(self.records)

    def project(self, points: torch.Tensor) -> torch.Tensor:
        """Pixels (..., 2) of camera points (..., 3), differentiable; points behind the camera are pulled before it."""
        z = points[..., 2].clamp(min=1e-3)
        c = self.camera
        return torch.stack([c.fx * points[..., 0] / z + c.cx, c.fy * points[..., 1] / z + c.cy], -1)
