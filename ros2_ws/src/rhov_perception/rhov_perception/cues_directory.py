"""Cues of other models, read from a directory and put in the place of the embedded ones.

The layout is described once, in docs/cues.md; `rhov_perception.cues_writer` writes it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhov_core.arrays import BoolArray, ByteArray, FloatArray
from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.files import read_json
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.picture_crop import PictureCrop
from rhov_perception.cues_files import MILLIMETRE, read_array, read_hands, read_mask, read_png

OBJECT_MASKS, HAND_MASKS, DEPTH, FLOW = "masks/object", "masks/hand", "depth", "flow"
HANDS, ABOUT = "hands.npz", "cues.json"
_SUFFIXES = {OBJECT_MASKS: (".png",), HAND_MASKS: (".png",), DEPTH: (".npy", ".png"), FLOW: (".npy",)}
_TODO = "see docs/cues.md"


class CuesDirectory:
    """What a directory holds about the frames of a video. Every part is optional, and so is every frame of it.

    Args:
        path: The directory.

    Raises:
        InputError: If it does not exist, holds none of the known parts or a file with a name that is not a frame
            index, or its hands cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise InputError(f"there is no directory '{path}'", "a cues directory", "check the path")
        self._files = {part: self._frames(part) for part in _SUFFIXES}
        hands = self.path / HANDS
        self._hands: dict[int, HandEstimate] | None = read_hands(hands) if hands.exists() else None
        if self._hands is None and not any(self._files.values()):
            known = ", ".join([*(f"{part}/000000{s[0]}" for part, s in _SUFFIXES.items()), HANDS])
            raise InputError(f"the cues directory '{path}' holds no cues", known, _TODO)
        self._depth_is_metric = self._says_metric()

    def object_mask(self, frame_index: int) -> BoolArray | None:
        """The mask (H, W) of the visible object in a frame, None if there is no file for it.

        Raises:
            InputError: If the file cannot be read as a mask.
        """
        path = self._files[OBJECT_MASKS].get(frame_index)
        return None if path is None else read_mask(path)

    def apply(self, cues: FrameCues, picture: ByteArray | None = None) -> FrameCues:
        """The cues of a frame with everything replaced that the directory holds for it.

        Hands are replaced altogether: where `hands.npz` does not list the frame there is no hand, because parameters
        of different hand models do not mix along a clip.

        Args:
            cues: Of the embedded estimators.
            picture: (H, W, 3) BGR of the frame, for the crop around an object mask of the directory; None: no crop.

        Raises:
            InputError: If a file cannot be read or does not fit the size of the image.
        """
        index, (width, height) = cues.frame_index, cues.image_size
        changes: dict[str, Any] = {}
        cover = cues.cover_mask
        if (mask := self.object_mask(index)) is not None:
            visible = self._sized(mask, OBJECT_MASKS, index, width, height)
            cover = None if cover is None else cover & ~visible
            changes |= {"object_mask": visible, "mask_score": 1.0, "cover_mask": cover}
            changes["crop"] = None if picture is None else PictureCrop.around(picture, visible)
        if (path := self._files[HAND_MASKS].get(index)) is not None:
            hand_mask = self._sized(read_mask(path), HAND_MASKS, index, width, height)
            # without the arm, unless a given object mask has shown where the embedded estimator is wrong about it
            with_arm = None if mask is None or cover is None else cover | hand_mask
            changes |= {"hand_mask": hand_mask, "cover_mask": with_arm}
        if (path := self._files[DEPTH].get(index)) is not None:
            depth, metric = self._depth(path)
            changes |= {"depth": self._sized(depth, DEPTH, index, width, height), "depth_is_metric": metric}
        if (path := self._files[FLOW].get(index)) is not None:
            changes["flow_source"], changes["flow_target"] = self._flow(path, cues)
        if self._hands is not None:
            changes["hand"] = self._hands.get(index)
        return replace(cues, **changes)

    def segmenter(self, otherwise: ObjectSegmenter) -> ObjectSegmenter:
        """Gives the directory's masks, and those of another segmenter for frames that have none."""
        return _DirectorySegmenter(self, otherwise)

    def _frames(self, part: str) -> dict[int, Path]:
        frames: dict[int, Path] = {}
        folder = self.path / part
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name.startswith("."):
                continue
            if path.suffix not in _SUFFIXES[part] or not re.fullmatch(r"\d{6,}", path.stem):
                accepted = " or ".join(f"{part}/000000{suffix}" for suffix in _SUFFIXES[part])
                raise InputError(f"'{path}' is no frame of a cues directory", accepted, "name it by its frame index")
            if int(path.stem) in frames:
                given = f"frame {int(path.stem)} of '{folder}' has two files"
                raise InputError(given, "one file for each frame", "remove one of them")
            frames[int(path.stem)] = path
        return frames

    def _says_metric(self) -> bool:
        if not (self.path / ABOUT).exists():
            return False
        about = read_json(self.path / ABOUT)
        metric = about.get("depth_is_metric") if isinstance(about, dict) else None
        if not isinstance(metric, bool):
            accepted = '{"depth_is_metric": true} or false'
            raise InputError(f"'{self.path / ABOUT}' does not say whether depth is metric", accepted, _TODO)
        return metric

    def _depth(self, path: Path) -> tuple[FloatArray, bool]:
        """Depth (H, W), NaN where unknown, and whether it is in metres."""
        is_png = path.suffix == ".png"
        depth = read_png(path, np.uint16) * MILLIMETRE if is_png else read_array(path, 2).astype(np.float64)
        metric = is_png or self._depth_is_metric
        unknown = ~np.isfinite(depth) | (depth <= 0 if metric else False)
        return np.where(unknown, np.nan, depth), metric

    @staticmethod
    def _flow(path: Path, cues: FrameCues) -> tuple[FloatArray, FloatArray]:
        """Tracks of a file: those it lists, or the dense flow at the starting points that the cues have already."""
        width, height = cues.image_size
        flow = read_array(path, None).astype(np.float64)
        if flow.ndim == 2 and flow.shape[1] == 4:
            known = flow[np.isfinite(flow).all(axis=1)]
            return known[:, :2], known[:, 2:]
        if flow.shape != (height, width, 2):
            accepted = f"({height}, {width}, 2) or (M, 4)"
            raise InputError(f"'{path}' has the shape {flow.shape}", accepted, "write flow at the size of the video")
        x, y = np.rint(cues.flow_source).astype(np.int64).T
        source = np.stack([x, y], axis=1).astype(np.float64)
        target = source + flow[y, x]
        inside = np.isfinite(target).all(axis=1)
        return source[inside], target[inside]

    def _sized(self, array: NDArray[Any], part: str, index: int, width: int, height: int) -> NDArray[Any]:
        if array.shape != (height, width):
            raise InputError(
                f"{part} of frame {index} in '{self.path}' has {array.shape[1]}x{array.shape[0]} pixels",
                f"{width}x{height}, the size of the video",
                "write it at the size of the video",
            )
        return array


class _DirectorySegmenter:
    """Prefers the masks of a directory (see `rhov_core.interfaces.ObjectSegmenter`)."""

    def __init__(self, directory: CuesDirectory, otherwise: ObjectSegmenter) -> None:
        self._directory, self._otherwise = directory, otherwise

    def segment(self, frame_index: int, silhouette: BoolArray, band: int) -> BoolArray | None:
        """The directory's mask of a frame, whatever the silhouette; without one, what the other segmenter says."""
        mask = self._directory.object_mask(frame_index)
        return self._otherwise.segment(frame_index, silhouette, band) if mask is None else mask
