"""The truth of a clip on disk: trajectory, masks, depth, tracks, contact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.files import output_directory
from rhov_core.pose import inverse, transform_points
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.synth.actors import Actors, HandParameters
from rhov_core.synth.exact_distance import exact_distance
from rhov_core.synth.truth import FrameTruth
from rhov_core.trajectory import HandObjectTrajectory, ObjectState

CUES, FULL_MASKS, TRAJECTORY, CONTACT = "truth/cues", "truth/masks_full", "truth/trajectory.npz", "truth/contact.npz"
CONTACT_DISTANCE = 0.002
"""A vertex of the hand that is nearer to the object touches it [m]."""
_MILLIMETRE = 0.001
_IN_PICTURE = 11
"""A hand with fewer keypoints in the picture is listed as not there."""


class TruthFiles:
    """Collects the truth frame by frame and writes it.

    Masks, depth and tracks are written at once, everything else by `close`.

    Args:
        folder: Of the clip.
        camera: Without distortion.
        actors: Who is seen.
        fps: Frames per second.
    """

    def __init__(self, folder: Path, camera: Camera, actors: Actors, fps: float) -> None:
        self._folder, self._camera, self._actors, self._fps = folder, camera, actors, fps
        self._distance = SignedDistanceGrid.from_mesh(actors.model.vertices, actors.model.faces)
        self._poses: list[FloatArray] = []
        self._hands: list[HandParameters] = []
        self._near: list[tuple[FloatArray, FloatArray]] = []
        self._held: list[bool] = []
        for part in ("masks/object", "masks/hand", "depth", "flow"):
            output_directory(folder / CUES / part)
        for part in ("object", "hand"):
            output_directory(folder / FULL_MASKS / part)

    def write_frame(self, truth: FrameTruth, tracks: NDArray[np.float32] | None) -> None:
        """Writes what a frame shows, and the tracks (M, 4) from the frame before it if there is one."""
        name = f"{len(self._poses):06d}"
        _write_mask(self._folder / CUES / "masks/object" / f"{name}.png", truth.visible_object)
        _write_mask(self._folder / CUES / "masks/hand" / f"{name}.png", truth.visible_hand)
        _write_mask(self._folder / FULL_MASKS / "object" / f"{name}.png", truth.full_object)
        _write_mask(self._folder / FULL_MASKS / "hand" / f"{name}.png", truth.full_hand)
        millimetres = np.rint(truth.depth / _MILLIMETRE).clip(0, 65535).astype(np.uint16)
        _write_png(self._folder / CUES / "depth" / f"{name}.png", millimetres)
        if tracks is not None:
            np.save(self._folder / CUES / "flow" / f"{name}.npy", tracks)

    def add_pose(self, T_camera_object: FloatArray, hand: HandParameters, held: bool) -> None:
        """Remembers the poses of a frame, after `write_frame`."""
        self._poses.append(T_camera_object)
        self._hands.append(hand)
        self._held.append(held)

    def close(self) -> HandObjectTrajectory:
        """Writes trajectory, hands and contact, and returns the trajectory."""
        trajectory = self._trajectory()
        trajectory.save(self._folder / TRAJECTORY)
        self._write_hands(trajectory)
        self._write_contact(trajectory)
        return trajectory

    def _trajectory(self) -> HandObjectTrajectory:
        count, hand = len(self._poses), self._actors.hand
        pose = np.stack([h.pose for h in self._hands])
        translation = np.stack([h.translation for h in self._hands])
        joints = hand.forward_numpy(pose, np.zeros(10), translation).joints
        pixels = np.nan_to_num(self._camera.project(joints), nan=-1.0)
        size = np.array([self._camera.width, self._camera.height])
        inside = ((pixels >= 0) & (pixels <= size - 1)).all(-1).sum(1) >= _IN_PICTURE
        return HandObjectTrajectory(
            frame_index=np.arange(count),
            stamp=np.arange(count) / self._fps,
            K=self._camera.K,
            image_size=size,
            object_name=self._actors.model.name,
            T_camera_object=np.stack(self._poses),
            object_scale=1.0,
            object_covariance=np.zeros((count, 6, 6)),
            object_state=np.full(count, ObjectState.TRACKED),
            hand_side=hand.side,
            hand_pose=pose,
            hand_shape=np.zeros(10),
            hand_translation=translation,
            hand_joints=joints,
            hand_valid=inside,
            hand_model=hand.name,
        )

    def _write_hands(self, trajectory: HandObjectTrajectory) -> None:
        """The hands of a cues directory: those frames in which the hand is in the picture."""
        listed = np.flatnonzero(trajectory.hand_valid)
        np.savez_compressed(
            self._folder / CUES / "hands.npz",
            frame_index=listed,
            side=np.array(trajectory.hand_side),
            model=np.array(trajectory.hand_model),
            keypoints=self._camera.project(trajectory.hand_joints[listed]),
            pose=trajectory.hand_pose[listed],
            shape=trajectory.hand_shape,
            translation=trajectory.hand_translation[listed],
            joints=trajectory.hand_joints[listed],
        )

    def _write_contact(self, trajectory: HandObjectTrajectory) -> None:
        vertices = self._actors.hand.forward_numpy(
            trajectory.hand_pose, trajectory.hand_shape, trajectory.hand_translation
        ).vertices
        in_object = transform_points(inverse(trajectory.T_camera_object), vertices)
        content: dict[str, list[Any]] = {"fingertip_distance": [], "touching": [], "penetration": []}
        known: tuple[FloatArray, tuple[FloatArray, BoolArray, float]] | None = None
        for points in in_object:
            if known is None or np.abs(points - known[0]).max() > 1e-7:  # while it is held, the hand is the same
                known = points, self._contact(points)
            for name, value in zip(content, known[1], strict=True):
                content[name].append(value)
        np.savez_compressed(
            self._folder / CONTACT,
            frame_index=trajectory.frame_index,
            held=np.array(self._held),
            **{name: np.array(values) for name, values in content.items()},
        )

    def _contact(self, points: FloatArray) -> tuple[FloatArray, BoolArray, float]:
        """Distances (5,) of the fingertips [m], which vertices (V,) touch, how deep the deepest is [m]."""
        model = self._actors.model
        distance = self._distance.distance(points)
        near = np.flatnonzero(distance < 2 * self._distance.spacing + CONTACT_DISTANCE)
        tips = self._actors.hand.tip_vertices
        chosen = np.union1d(near, tips)
        distance[chosen] = exact_distance(points[chosen], model.vertices, model.faces)
        return distance[tips], distance < CONTACT_DISTANCE, max(0.0, -float(distance.min()))


def _write_mask(path: Path, mask: BoolArray) -> None:
    _write_png(path, np.where(mask, np.uint8(255), np.uint8(0)))


def _write_png(path: Path, image: NDArray[Any]) -> None:
    ok, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 2])
    assert ok
    data.tofile(path)
