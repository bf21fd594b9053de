"""A skinned hand in MANO's layout: parameters in, vertices and keypoints out.

Parameters, the same for every model (free or MANO) and for both sides:

- `pose` (48,): rotation vectors [rad] of the 16 joints in MANO order, the global orientation first. The fifteen
  finger joints are relative to the model's rest pose (MANO users: `flat_hand_mean=True`, no mean pose is added).
  The global orientation turns the hand about its wrist joint.
- `shape` (10,): linear shape coefficients; for the free model see `shape_modes`.
- `translation` (3,): added to all points after skinning [m], in the frame in which the hand shall lie.

A left hand is the mirror image of the right one in x, as MANO's left model is of its right one. Its parameters
are ordinary rotations of its own joints; `mirror_pose` turns a right hand's pose into that of its mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from rhov_core.arrays import FloatArray
from rhov_core.cues import Side
from rhov_core.errors import InputError
from rhov_core.hand.layout import KEYPOINT_SOURCE, PARENTS
from rhov_core.hand.rotations import rotation_matrix
from rhov_core.pose import exp_rotation, make_transform


class HandGeometry(NamedTuple):
    """The surface and the keypoints of B hands, numpy arrays or torch tensors like the parameters."""

    vertices: torch.Tensor
    """(B, V, 3) [m]"""
    joints: torch.Tensor
    """(B, 21, 3) [m], order of MediaPipe's landmarks."""


class HandArrays(NamedTuple):
    """As `HandGeometry`, in numpy."""

    vertices: FloatArray
    """(B, V, 3) [m]"""
    joints: FloatArray
    """(B, 21, 3) [m], order of MediaPipe's landmarks."""


@dataclass(frozen=True, eq=False)
class HandModel:
    """A hand that is skinned linearly to 16 joints. Build it with `HandModel.load`."""

    name: str
    """Identifies the parameters' meaning, e.g. "anny_right_hand16"; the same for both sides."""
    side: Side
    template: FloatArray
    """(V, 3) vertices at rest [m]."""
    faces: NDArray[np.int32]
    """(F, 3) watertight: the model's own faces first, then those that close the wrist."""
    weights: FloatArray
    """(V, 16) skinning weights; rows sum to 1."""
    joint_template: FloatArray
    """(16, 3) joints at rest [m]."""
    shape_directions: FloatArray
    """(V, 3, 10) displacement of the vertices for one unit of each shape coefficient [m]."""
    joint_shape_directions: FloatArray
    """(16, 3, 10) the same of the joints."""
    tip_vertices: NDArray[np.int64]
    """(5,) vertices that serve as fingertip keypoints, thumb first."""
    fingertip_vertices: dict[str, NDArray[np.int64]]
    """Vertices of each finger's pad, where it touches things."""
    pose_directions: FloatArray | None = None
    """(V, 3, 135) pose blend shapes of MANO [m]; None for the free model."""
    prior_mean: FloatArray | None = None
    """(45,) mean of MANO's pose prior [rad]; None without a prior."""
    prior_components: FloatArray | None = None
    """(45, 45) MANO's pose principal components, one a row, largest first; None without a prior."""

    @staticmethod
    def load(name_or_path: str | Path | None = None, side: Side = "right") -> HandModel:
        """Loads a hand model.

        Args:
            name_or_path: None or "anny_right_hand16" for the free model that comes with RHOV, or the path of your
                own licensed MANO_RIGHT.pkl (or .npz); see `mano_file`.
            side: Which hand; a left hand is the mirrored right one.

        Raises:
            InputError: If the file is missing, is not a hand model or holds anything but arrays.
        """
        from rhov_core.hand.free_model import FREE_MODEL_NAME, load_free_model
        from rhov_core.hand.mano_model import load_mano_model

        if side not in ("right", "left"):
            raise InputError(f"the side of the hand is '{side}'", "'right' or 'left'", "correct the side")
        if name_or_path is None or str(name_or_path) == FREE_MODEL_NAME:
            model = load_free_model()
        else:
            model = load_mano_model(Path(name_or_path))
        return model if model.side == side else model.mirrored()

    @property
    def parents(self) -> NDArray[np.int64]:
        """(16,) parent of each joint, -1 for the wrist."""
        return PARENTS

    def mirrored(self) -> HandModel:
        """The model of the other hand: everything mirrored in x."""
        flip = np.array([-1.0, 1.0, 1.0])
        rotation_sign = np.tile(mirror_pose(np.ones(3)), 15)
        pose_directions, mean, components = self.pose_directions, self.prior_mean, self.prior_components
        if pose_directions is not None:  # R of the mirrored joint is S R S: entry (a, b) changes its sign s_a s_b
            pose_directions = pose_directions * flip[:, None] * np.tile(np.outer(flip, flip).ravel(), 15)
        return HandModel(
            name=self.name,
            side="left" if self.side == "right" else "right",
            template=self.template * flip,
            faces=np.ascontiguousarray(self.faces[:, ::-1]),
            weights=self.weights,
            joint_template=self.joint_template * flip,
            shape_directions=self.shape_directions * flip[:, None],
            joint_shape_directions=self.joint_shape_directions * flip[:, None],
            tip_vertices=self.tip_vertices,
            fingertip_vertices=self.fingertip_vertices,
            pose_directions=pose_directions,
            prior_mean=None if mean is None else mean * rotation_sign,
            prior_components=None if components is None else components * rotation_sign,
        )

    def forward(self, pose: torch.Tensor, shape: torch.Tensor, translation: torch.Tensor) -> HandGeometry:
        """Poses B hands; differentiable in all parameters.

        Args:
            pose: (B, 48) [rad].
            shape: (10,) or (B, 10).
            translation: (B, 3) [m].

        Returns:
            Vertices (B, V, 3) and keypoints (B, 21, 3) [m] of the type and device of `pose`.
        """
        c = self._constants(pose.dtype, pose.device)
        beta = shape.expand(len(pose), 10)
        v = c["template"] + torch.einsum("vck,bk->bvc", c["shape_directions"], beta)
        J = c["joint_template"] + torch.einsum("jck,bk->bjc", c["joint_shape_directions"], beta)
        R = rotation_matrix(pose.reshape(-1, 16, 3))
        if "pose_directions" in c:
            bend = (R[:, 1:] - torch.eye(3, dtype=R.dtype, device=R.device)).reshape(-1, 135)
            v = v + torch.einsum("vck,bk->bvc", c["pose_directions"], bend)
        rotations, origins = [R[:, 0]], [J[:, 0] + translation]
        for j in range(1, 16):
            p = int(PARENTS[j])
            origins.append(origins[p] + (rotations[p] @ (J[:, j] - J[:, p])[..., None])[..., 0])
            rotations.append(rotations[p] @ R[:, j])
        G, o = torch.stack(rotations, 1), torch.stack(origins, 1)
        offset = o - (G @ J[..., None])[..., 0]
        blend = c["weights"] @ torch.cat([G.reshape(-1, 16, 9), offset], -1)  # (B, V, 12)
        vertices = (blend[..., :9].reshape(*v.shape, 3) @ v[..., None])[..., 0] + blend[..., 9:]
        joints = torch.cat([o, vertices[:, self.tip_vertices]], 1)[:, KEYPOINT_SOURCE]
        return HandGeometry(vertices, joints)

    def forward_numpy(self, pose: ArrayLike, shape: ArrayLike, translation: ArrayLike) -> HandArrays:
        """As `forward`, with numpy arrays (float64) and without gradients."""
        theta = np.asarray(pose, np.float64).reshape(-1, 16, 3)
        v, J = self._shaped(np.asarray(shape, np.float64))
        R = exp_rotation(theta)
        v = np.broadcast_to(v, (len(theta), *v.shape[-2:]))
        J = np.broadcast_to(J, (len(theta), 16, 3))
        if self.pose_directions is not None:
            bend = (R[:, 1:] - np.eye(3)).reshape(-1, 135)
            v = v + np.einsum("vck,bk->bvc", self.pose_directions, bend, optimize=True)
        G, o = R.copy(), J + np.asarray(translation, np.float64).reshape(-1, 1, 3)
        for j in range(1, 16):
            p = PARENTS[j]
            o[:, j] = o[:, p] + (G[:, p] @ (J[:, j] - J[:, p])[..., None])[..., 0]
            G[:, j] = G[:, p] @ R[:, j]
        offset = o - (G @ J[..., None])[..., 0]
        blend = self.weights @ np.concatenate([G.reshape(-1, 16, 9), offset], -1)
        vertices = (blend[..., :9].reshape(*v.shape, 3) @ v[..., None])[..., 0] + blend[..., 9:]
        joints = np.concatenate([o, vertices[:, self.tip_vertices]], 1)[:, KEYPOINT_SOURCE]
        return HandArrays(vertices, joints)

    def wrist_transform(self, pose: ArrayLike, shape: ArrayLike, translation: ArrayLike) -> FloatArray:
        """Poses (B, 4, 4) of the wrist joint, whose axes at rest are the model's.

        This is the frame that `HandEstimate.wrist_covariance` refers to.
        """
        theta = np.asarray(pose, np.float64).reshape(-1, 48)
        wrist = self._shaped(np.asarray(shape, np.float64))[1][..., 0, :]
        return make_transform(exp_rotation(theta[:, :3]), wrist + np.asarray(translation, np.float64).reshape(-1, 3))

    def _shaped(self, shape: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Vertices and joints at rest of shapes (10,) or (B, 10)."""
        v = self.template + (shape @ self._flat_directions[0]).reshape(*shape.shape[:-1], -1, 3)
        J = self.joint_template + (shape @ self._flat_directions[1]).reshape(*shape.shape[:-1], 16, 3)
        return v, J

    @cached_property
    def _flat_directions(self) -> tuple[FloatArray, FloatArray]:
        directions = self.shape_directions.reshape(-1, 10).T, self.joint_shape_directions.reshape(-1, 10).T
        return np.ascontiguousarray(directions[0]), np.ascontiguousarray(directions[1])

    @cached_property
    def _constant_cache(self) -> dict[tuple[torch.dtype, torch.device], dict[str, torch.Tensor]]:
        return {}

    def _constants(self, dtype: torch.dtype, device: torch.device) -> dict[str, torch.Tensor]:
        """The model's arrays as tensors, converted once for each type and device."""
        key = (dtype, device)
        if key not in self._constant_cache:
            names = ["template", "weights", "joint_template", "shape_directions", "joint_shape_directions"]
            names += ["pose_directions"] if self.pose_directions is not None else []
            self._constant_cache[key] = {
                name: torch.tensor(getattr(self, name), dtype=dtype, device=device) for name in names
            }
        return self._constant_cache[key]


def mirror_pose(pose: ArrayLike) -> FloatArray:
    """The pose of the mirrored hand: rotation vectors (..., 3 k) with y and z negated; its own inverse."""
    p = np.asarray(pose, np.float64)
    return p * np.tile([1.0, -1.0, -1.0], p.shape[-1] // 3)
