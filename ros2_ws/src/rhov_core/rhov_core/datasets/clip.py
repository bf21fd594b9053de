"""A clip of a data set, the same for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray, FloatArray, checked
from rhov_core.camera import Camera
from rhov_core.errors import InputError
from rhov_core.mesh.mesh_file import read_mesh
from rhov_core.object_model import ObjectModel
from rhov_core.trajectory import HandObjectTrajectory, ObjectState

Reader = Callable[[int], NDArray[Any]]
"""Reads an image of the frame with this number (its place in the clip)."""


def _unchanged(vertices: FloatArray) -> FloatArray:
    return vertices


@dataclass(frozen=True)
class HandTruth:
    """The annotated hand over N frames, camera frame. Frames without annotation hold zeros."""

    side: str
    """"right" or "left"."""
    joints: FloatArray
    """(N, 21, 3) [m], order of MediaPipe's landmarks."""
    valid: BoolArray
    """(N,) where the joints are annotated."""
    pose: FloatArray
    """(N, 48) MANO axis-angle [rad], relative to the flat hand, global orientation first."""
    translation: FloatArray
    """(N, 3) of MANO [m]."""
    pose_valid: BoolArray
    """(N,) where pose, shape and translation are known."""
    shape: FloatArray = field(default_factory=lambda: np.zeros(10))
    """(10,) of MANO."""

    def __post_init__(self) -> None:
        n = len(self.valid)
        shapes: dict[str, tuple[int | None, ...]] = {
            "joints": (n, 21, 3),
            "valid": (n,),
            "pose": (n, 48),
            "translation": (n, 3),
            "pose_valid": (n,),
            "shape": (10,),
        }
        for name, shape in shapes.items():
            dtype = np.bool_ if name.endswith("valid") else np.float64
            object.__setattr__(self, name, checked(f"HandTruth.{name}", getattr(self, name), shape, dtype))

    @classmethod
    def unknown(cls, count: int, side: str = "right") -> HandTruth:
        """No annotation at all, for `count` frames."""
        none = np.zeros(count, bool)
        return cls(side, np.zeros((count, 21, 3)), none, np.zeros((count, 48)), np.zeros((count, 3)), none)


@dataclass(frozen=True)
class Clip:
    """N frames of one camera with the truth that the data set has."""

    dataset: str
    name: str
    camera: Camera
    images: tuple[Path, ...]
    """Colour images; the result of a reconstruction counts its frames in this order, from 0. Names, not files, where
    there is `read_colour`."""
    stamp: FloatArray
    """(N,) [s]"""
    mesh_path: Path
    object_name: str
    T_camera_object: FloatArray
    """(N, 4, 4); the identity where the object is not annotated. The object frame is that of `object_model`."""
    object_valid: BoolArray
    """(N,) where the object is annotated."""
    hand: HandTruth
    place_vertices: Callable[[FloatArray], FloatArray] = _unchanged
    """Maps the vertices (V, 3) of the mesh file to the object frame [m]."""
    symmetries: FloatArray | None = None
    """(S, 4, 4) of the object frame with the identity, as the data set declares them; None: it does not."""
    read_colour: Reader | None = None
    """(H, W, 3), BGR, where images are not files of their own or have to be rectified; None: they are files."""
    read_depth: Reader | None = None
    """(H, W) [m], 0 where unknown."""
    read_object_mask: Reader | None = None
    """(H, W), the visible part."""
    read_hand_mask: Reader | None = None
    """(H, W), the visible part."""
    notes: tuple[str, ...] = ()
    """What one has to know about the numbers, as sentences."""

    def __post_init__(self) -> None:
        n = len(self.images)
        for name, shape, dtype in (
            ("stamp", (n,), np.float64),
            ("T_camera_object", (n, 4, 4), np.float64),
            ("object_valid", (n,), np.bool_),
        ):
            object.__setattr__(self, name, checked(f"Clip.{name}", getattr(self, name), shape, dtype))

    def __len__(self) -> int:
        return len(self.images)

    def image(self, frame: int) -> ByteArray:
        """The colour image (H, W, 3), BGR.

        Raises:
            InputError: If the file is missing or damaged.
        """
        if self.read_colour is not None:
            return np.asarray(self.read_colour(frame), np.uint8)
        return np.asarray(read_image(self.images[frame], cv2.IMREAD_COLOR), np.uint8)

    def depth(self, frame: int) -> FloatArray | None:
        """Depth (H, W) [m], 0 where unknown; None if the data set has none."""
        return self.read_depth(frame) if self.read_depth else None

    def object_mask(self, frame: int) -> BoolArray | None:
        """Where the object is visible (H, W); None if the data set does not say."""
        return self.read_object_mask(frame) if self.read_object_mask else None

    def hand_mask(self, frame: int) -> BoolArray | None:
        """Where the hand is visible (H, W); None if the data set does not say."""
        return self.read_hand_mask(frame) if self.read_hand_mask else None

    def object_model(self, repair: bool = True) -> ObjectModel:
        """The object's mesh in the object frame, in metres.

        Args:
            repair: Whether a mesh with holes, as scans often are, is closed instead of refused.

        Raises:
            InputError: If the mesh file is missing or cannot be used.
        """
        vertices, faces = read_mesh(self.mesh_path)
        what = f"the mesh '{self.mesh_path}'"
        model = ObjectModel.from_mesh(
            self.place_vertices(vertices), faces, name=self.object_name, repair=repair, what=what
        )
        return model if self.symmetries is None else replace(model, given_symmetries=self.symmetries)

    def truth(self) -> HandObjectTrajectory:
        """The truth as a trajectory; frames without annotation are LOST, or have no valid hand."""
        n, hand = len(self), self.hand
        return HandObjectTrajectory(
            frame_index=np.arange(n),
            stamp=self.stamp,
            K=self.camera.K,
            image_size=np.array([self.camera.width, self.camera.height]),
            object_name=self.object_name,
            T_camera_object=self.T_camera_object,
            object_scale=1.0,
            object_covariance=np.zeros((n, 6, 6)),
            object_state=np.where(self.object_valid, ObjectState.TRACKED, ObjectState.LOST),
            hand_side=hand.side,
            hand_pose=hand.pose,
            hand_shape=hand.shape,
            hand_translation=hand.translation,
            hand_joints=hand.joints,
            hand_valid=hand.valid,
            hand_model="mano" if hand.pose_valid.any() else "joints",
        )


def read_image(path: Path, flags: int) -> NDArray[Any]:
    """An image file as OpenCV reads it.

    Raises:
        InputError: If it is missing or damaged.
    """
    image = cv2.imread(str(path), flags)
    if image is None:
        reason = "cannot be decoded" if path.is_file() else "is missing"
        raise InputError(
            f"the image '{path}' {reason}", "the image as the data set's authors published it", "download it again"
        )
    return image
