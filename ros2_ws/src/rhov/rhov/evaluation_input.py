"""A result and the truth that it is compared with, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import Side
from rhov_core.datasets import dataset
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.hand.free_model import FREE_MODEL_NAME
from rhov_core.hand.mano_model import MANO_NAME
from rhov_core.object_model import ObjectModel
from rhov_core.result_directory import TRAJECTORY
from rhov_core.trajectory import HandObjectTrajectory, ObjectState
from rhov_perception.cues_directory import CuesDirectory

Reader = Callable[[int], NDArray[Any] | None]
"""Reads an image of the frame with this index; None where there is none."""


def _nothing(frame_index: int) -> None:
    return None


@dataclass(frozen=True)
class Truth:
    """What is known about a clip."""

    trajectory: HandObjectTrajectory
    model: ObjectModel
    camera: Camera
    """Without distortion."""
    depth: Reader = _nothing
    """(H, W) [m], 0 where unknown."""
    object_mask: Reader = _nothing
    """(H, W), the visible part."""
    hand_mask: Reader = _nothing
    """(H, W), the visible part."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matched:
    """Truth and estimate at the N frames of the truth.

    A frame of the truth that the result lacks is lost; frames of the result that the truth lacks are left out.
    """

    truth: Truth
    estimate: HandObjectTrajectory
    row: NDArray[np.int64]
    """(N,) the frame's place in the estimate; 0 where it is not there."""
    object_annotated: BoolArray
    """(N,)"""
    object_found: BoolArray
    """(N,) annotated and tracked."""
    object_given: BoolArray
    """(N,) annotated and with a pose in the result, tracked or bridged."""
    hand_annotated: BoolArray
    """(N,)"""
    hand_found: BoolArray
    """(N,) annotated and estimated."""
    T_true: FloatArray = field(repr=False)
    """(N, 4, 4)"""
    T_estimated: FloatArray = field(repr=False)
    """(N, 4, 4), only valid where given."""

    @classmethod
    def of(cls, estimate: HandObjectTrajectory, truth: Truth) -> Matched:
        """Matches by the index of the frame.

        Raises:
            InputError: If the two share no frame.
        """
        true = truth.trajectory
        common, at_truth, at_estimate = np.intersect1d(true.frame_index, estimate.frame_index, return_indices=True)
        if not len(common):
            raise InputError(
                f"result and truth share none of their {len(estimate)} and {len(true)} frames",
                "a result of the same clip",
                "check that the frames are counted alike, from the first frame of the clip",
            )
        row, there = np.zeros(len(true), np.int64), np.zeros(len(true), bool)
        row[at_truth], there[at_truth] = at_estimate, True
        annotated, tracked = true.object_state != ObjectState.LOST, estimate.object_state != ObjectState.LOST
        return cls(
            truth,
            estimate,
            row,
            annotated,
            annotated & there & tracked[row],
            annotated & there & tracked.any(),  # without a tracked frame there is nothing to bridge from
            true.hand_valid,
            true.hand_valid & there & estimate.hand_valid[row],
            true.T_camera_object,
            estimate.T_camera_object[row],
        )

    @property
    def frame_rate(self) -> float:
        """Of the truth [1/s]; 0 for a single frame."""
        stamp = self.truth.trajectory.stamp
        return float(1 / np.median(np.diff(stamp))) if len(stamp) > 1 else 0.0


class DatasetClip(NamedTuple):
    """Names a clip of a data set."""

    dataset: str
    root: Path
    clip: str


def truth_of_folder(folder: str | Path, mesh: str | Path | None = None) -> Truth:
    """The truth of a rendered clip, or any folder with trajectory.npz and optionally cues/ (a cues directory).

    Args:
        folder: The folder truth/ of a clip, the clip's own folder, or a trajectory.npz.
        mesh: The object's mesh; None: object.obj beside the folder.

    Raises:
        InputError: If something is missing or damaged.
    """
    path = Path(folder)
    if path.is_dir():
        path = next((p for p in (path / TRAJECTORY, path / "truth" / TRAJECTORY) if p.is_file()), path / TRAJECTORY)
    trajectory = HandObjectTrajectory.load(path)
    found = (
        Path(mesh)
        if mesh
        else next((p for p in (path.parent / "object.obj", path.parent.parent / "object.obj") if p.is_file()), None)
    )
    if found is None:
        raise InputError(
            f"there is no object.obj beside '{path.parent}'", "the mesh that the truth is about", "give --mesh"
        )
    camera = Camera(trajectory.K, int(trajectory.image_size[0]), int(trajectory.image_size[1]))
    model = ObjectModel.load(found, repair=True)
    cues = path.parent / "cues"
    if not cues.is_dir():
        return Truth(trajectory, model, camera)
    directory = CuesDirectory(cues)
    return Truth(
        trajectory,
        model,
        camera,
        depth=_cue_depth(cues),
        object_mask=directory.object_mask,
        hand_mask=_cue_mask(cues / "masks" / "hand"),
    )


def truth_of_dataset(named: DatasetClip, mano: str | Path | None = None) -> Truth:
    """The truth of a clip of a data set.

    Raises:
        InputError: If there is no such data set or clip, or it was not downloaded completely.
    """
    clip = dataset(named.dataset).load_clip(named.root, named.clip, mano)
    if clip.camera.is_distorted:  # results are in the rectified image
        return Truth(clip.truth(), clip.object_model(), clip.camera.rectified(), notes=clip.notes)
    return Truth(
        clip.truth(), clip.object_model(), clip.camera, clip.depth, clip.object_mask, clip.hand_mask, clip.notes
    )


def hand_model_of(estimate: HandObjectTrajectory, mano: str | Path | None) -> HandModel | None:
    """The hand model that a result's parameters belong to; None if it cannot be had."""
    side: Side = "left" if estimate.hand_side == "left" else "right"
    if estimate.hand_model == FREE_MODEL_NAME:
        return HandModel.load(None, side)
    return HandModel.load(mano, side) if estimate.hand_model == MANO_NAME and mano else None


def _cue_mask(folder: Path) -> Reader:
    import cv2

    def read(frame_index: int) -> NDArray[Any] | None:
        image = cv2.imread(str(folder / f"{frame_index:06d}.png"), cv2.IMREAD_GRAYSCALE)
        return None if image is None else image > 0

    return read


def _cue_depth(cues: Path) -> Reader:
    """Depth of a cues directory in millimetres; relative depth (.npy) is no truth."""
    import cv2

    def read(frame_index: int) -> NDArray[Any] | None:
        image = cv2.imread(str(cues / "depth" / f"{frame_index:06d}.png"), cv2.IMREAD_UNCHANGED)
        return None if image is None else image * 1e-3

    return read
