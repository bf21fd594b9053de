"""Turns a clip of a data set into a video with camera, mesh, box and oracle masks, as the benchmark wants it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rhov.benchmark.clip_folder import ABOUT
from rhov.evaluation_input import DatasetClip
from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets import Clip, dataset
from rhov_core.errors import InputError
from rhov_core.files import atomic_path, output_directory, write_json
from rhov_core.object_model import ObjectModel
from rhov_core.pose import transform_points
from rhov_core.video import VideoWriter

QUALITY = 12
"""Constant rate factor of the video: nothing of the images is to be lost."""
USUAL_RATE = 30.0
"""Frame rate of a clip of one image [1/s]."""
LEAST_VISIBLE = 0.9
"""A clip starts with the first frame that has at least this fraction of the object's vertices in the image."""
_MARGIN = 0.03


def write_dataset_clip(
    named: DatasetClip,
    folder: str | Path,
    mano: str | Path | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Path:
    """Writes clip.mp4, camera.yaml, object.obj, truth/ and, at last, clip.json.

    Distorted images are rectified. Images of odd size gain a black column or row, as videos need it.

    Args:
        named: The clip.
        folder: Made if it does not exist.
        mano: MANO_RIGHT.pkl, for data sets that need it.
        progress: Called with a fraction from 0 to 1.

    Returns:
        The folder.

    Raises:
        InputError: If the clip is not there, not complete, or never shows the object whole.
    """
    clip, out = dataset(named.dataset).load_clip(named.root, named.clip, mano), output_directory(folder)
    model, rectified = clip.object_model(), clip.camera.rectified()
    width, height = rectified.width + rectified.width % 2, rectified.height + rectified.height % 2
    start, box = first_view(clip, model, rectified)
    with VideoWriter(out / "clip.mp4", frame_rate(clip), (width, height), crf=QUALITY) as writer:
        for i in range(len(clip)):
            writer.write(_padded(clip.camera.rectify(clip.image(i)), width, height))
            _write_masks(clip, i, out / "truth" / "cues" / "masks", width, height)
            progress((i + 1) / len(clip))
    Camera(rectified.K, width, height).save(out / "camera.yaml")
    model.save(out / "object.obj")
    clip.truth().save(out / "truth" / "trajectory.npz")
    named_fully = {"name": named.dataset, "root": named.root, "clip": named.clip, "mano": mano}
    write_json(out / ABOUT, {"box": box, "start": start, "frames": len(clip), "dataset": named_fully})
    return out


def frame_rate(clip: Clip) -> float:
    """[1/s]"""
    return float(1 / np.median(np.diff(clip.stamp))) if len(clip) > 1 else USUAL_RATE


def first_view(clip: Clip, model: ObjectModel, camera: Camera) -> tuple[int, tuple[int, int, int, int]]:
    """The first annotated frame that shows the object whole, and the box (x, y, width, height) around it there [pixel].

    Raises:
        InputError: If there is none.
    """
    for i in np.flatnonzero(clip.object_valid):
        points = transform_points(clip.T_camera_object[i], model.vertices)
        pixels = camera.project(points)
        inside = np.isfinite(pixels).all(1) & (pixels >= 0).all(1)
        inside &= (pixels <= [camera.width - 1, camera.height - 1]).all(1)
        if inside.mean() >= LEAST_VISIBLE:
            return int(i), box_around(pixels[np.isfinite(pixels).all(1)], camera)
    raise InputError(
        f"no annotated frame of '{clip.name}' shows its object whole", "a clip that begins with it", "choose another"
    )


def box_around(pixels: FloatArray, camera: Camera) -> tuple[int, int, int, int]:
    """The box x, y, width, height around pixels (N, 2), a little wider, inside the image."""
    low, high = pixels.min(0), pixels.max(0)
    low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
    x, y = np.maximum(np.floor(low), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high), [camera.width - 1, camera.height - 1]).astype(int)
    return int(x), int(y), int(right - x), int(bottom - y)


def _padded(image: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    rows, columns = height - image.shape[0], width - image.shape[1]
    return cv2.copyMakeBorder(image, 0, rows, 0, columns, cv2.BORDER_CONSTANT) if rows or columns else image


def _write_masks(clip: Clip, index: int, folder: Path, width: int, height: int) -> None:
    """The visible masks of a frame; a distorted clip has none, since its masks are not rectified."""
    if clip.camera.is_distorted:
        return
    for part, mask in (("object", clip.object_mask(index)), ("hand", clip.hand_mask(index))):
        if mask is None:
            continue
        with atomic_path(folder / part / f"{index:06d}.png") as partial:
            cv2.imwrite(str(partial), _padded(np.where(mask, np.uint8(255), np.uint8(0)), width, height))
