"""The parameters that the first-order stage changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from rhov_core.arrays import FloatArray
from rhov_core.hand import HandModel
from rhov_core.hand.rotations import rotation_matrix
from rhov_core.pose import perturb
from rhov_optimizer.joint.config import JointConfig
from rhov_optimizer.joint.hand_track import HandTrack
from rhov_optimizer.joint.scene import HandScene, Scene
from rhov_optimizer.registration.mesh import CentredMesh


class Variables:
    """Poses of the object as left perturbations of those at the start, one scale, and the hand's parameters.

    Args:
        mesh: The object, decimated.
        T: (N, 4, 4) poses of the centred mesh at the start.
        scale: Of the object at the start.
        hand_model: Light model, or None without a hand.
        hand: The hand at the start, or None.
    """

    def __init__(
        self, mesh: CentredMesh, T: FloatArray, scale: float, hand_model: HandModel | None, hand: HandTrack | None
    ) -> None:
        self._vertices = _tensor(mesh.vertices)
        self._T = T
        self._R, self._t = _tensor(T[:, :3, :3]), _tensor(T[:, :3, 3])
        self.object_tangent = torch.zeros(len(T), 6)
        self.log_scale = torch.tensor(float(np.log(scale)))
        self._hand_model, self._hand = hand_model, hand
        self.hand_pose = _tensor(np.zeros((0, 48)) if hand is None else hand.pose)
        self.hand_translation = _tensor(np.zeros((0, 3)) if hand is None else hand.translation)
        self._shape = _tensor(np.zeros(10) if hand is None else hand.shape)

    def __len__(self) -> int:
        return len(self._R)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.object_tangent.device

    def to(self, device: torch.device) -> None:
        """Moves the parameters; do so before `groups`."""
        for name, value in vars(self).items():
            if isinstance(value, torch.Tensor):
                setattr(self, name, value.to(device))

    def groups(self, config: JointConfig, *, move_object: bool, move_scale: bool) -> list[dict[str, object]]:
        """What the optimiser moves, each with its step size; switches their gradients on.

        Args:
            config: Holds the step sizes.
            move_object: Whether the object's poses are free.
            move_scale: Whether the object's size is.
        """
        free: list[tuple[torch.Tensor, float]] = []
        if move_object:
            free.append((self.object_tangent, config.object_step))
        if move_scale:
            free.append((self.log_scale, config.scale_step))
        if self._hand is not None:
            free += [(self.hand_pose, config.hand_pose_step), (self.hand_translation, config.hand_translation_step)]
        return [{"params": [tensor.requires_grad_()], "lr": step} for tensor, step in free]

    def scene(self, frames: slice, lead: int = 0) -> Scene:
        """Hand and object in some frames.

        Args:
            frames: Which.
            lead: How many of them are only context.
        """
        tangent = self.object_tangent[frames]
        R = rotation_matrix(tangent[:, 3:]) @ self._R[frames]
        t = self._t[frames] + tangent[:, :3]
        scale = self.log_scale.exp()
        vertices = (scale * self._vertices) @ R.transpose(1, 2) + t[:, None]
        hand = None
        if self._hand_model is not None and self._hand is not None:
            pose, translation = self.hand_pose[frames], self.hand_translation[frames]
            geometry = self._hand_model.forward(pose, self._shape, translation)
            hand = HandScene(pose, translation, geometry.vertices, geometry.joints)
        return Scene(frames, lead, R, t, scale, vertices, hand)

    def object_scale(self) -> float:
        """The object's scale."""
        return float(self.log_scale.detach().double().exp())

    def hand_track(self) -> HandTrack | None:
        """The hand's parameters, without gradients; None without a hand."""
        if self._hand is None:
            return None
        pose, translation = (tensor.detach().double().cpu() for tensor in (self.hand_pose, self.hand_translation))
        return replace(self._hand, pose=pose.numpy(), translation=translation.numpy())

    def object_poses(self) -> FloatArray:
        """(N, 4, 4) poses of the centred mesh, without gradients."""
        return perturb(self._T, self.object_tangent.detach().cpu().numpy())


def _tensor(array: FloatArray) -> torch.Tensor:
    return torch.tensor(np.asarray(array), dtype=torch.float32)
