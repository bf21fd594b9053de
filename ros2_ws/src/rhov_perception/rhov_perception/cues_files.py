"""Reading and writing the single files of a cues directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from rhov_core.arrays import BoolArray, ByteArray, FloatArray, checked
from rhov_core.cues import HandEstimate
from rhov_core.errors import InputError
from rhov_core.files import atomic_path

MILLIMETRE = 1e-3
UNKNOWN_WRIST = np.diag([0.02**2] * 3 + [0.2**2] * 3)
"""Covariance (6, 6) of a wrist whose file gives none: 2 cm and 0.2 rad."""
_REQUIRED = ("frame_index", "side", "model", "keypoints", "pose", "shape", "translation", "joints")
_HAND_SHAPES: dict[str, tuple[int, ...]] = {
    "keypoints": (21, 2),
    "pose": (48,),
    "translation": (3,),
    "joints": (21, 3),
    "wrist_covariance": (6, 6),
}


def read_png(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """A picture (H, W) of one channel.

    Raises:
        InputError: If it cannot be decoded, or has several channels or another type.
    """
    accepted = f"a PNG of one channel and {8 * np.dtype(dtype).itemsize} bits"
    try:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror})", accepted, "check the file") from error
    if image is None:
        raise InputError(f"'{path}' cannot be decoded", accepted, "write it again")
    if image.ndim != 2 or image.dtype != dtype:
        channels = 1 if image.ndim == 2 else image.shape[2]
        raise InputError(f"'{path}' has {channels} channels of {image.dtype}", accepted, "convert it")
    return np.asarray(image)


def read_mask(path: Path) -> BoolArray:
    """A mask (H, W) of a picture of 0 and 255 (true from 128 on), or of 0 and 1.

    Raises:
        InputError: If it is no such picture.
    """
    image = read_png(path, np.uint8)
    highest = int(image.max(initial=0))
    if 1 < highest < 128:
        given = f"'{path}' has values up to {highest}"
        raise InputError(given, "a mask of 0 and 255 or of 0 and 1", "write one mask for one object")
    return image >= (128 if highest > 1 else 1)


def write_png(path: Path, image: ByteArray) -> None:
    """Writes a picture atomically."""
    ok, data = cv2.imencode(".png", image)
    assert ok
    with atomic_path(path) as partial:
        data.tofile(partial)


def read_array(path: Path, dimensions: int | None) -> NDArray[Any]:
    """An array of floating-point numbers from a .npy file, without pickle.

    Raises:
        InputError: If it cannot be read, has another number of dimensions or holds other things than numbers.
    """
    accepted = f"a .npy file of floating-point numbers{'' if dimensions is None else f' with {dimensions} dimensions'}"
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"'{path}' cannot be read ({error})", accepted, "write it again") from error
    is_array = isinstance(array, np.ndarray)
    if not is_array or array.dtype.kind != "f" or (dimensions is not None and array.ndim != dimensions):
        what = f"{array.dtype} {array.shape}" if is_array else "an archive"
        raise InputError(f"'{path}' is {what}", accepted, "write it again")
    return np.asarray(array)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Writes a .npy file atomically."""
    with atomic_path(path) as partial, open(partial, "wb") as file:
        np.save(file, array, allow_pickle=False)


def read_hands(path: Path) -> dict[int, HandEstimate]:
    """The hands of a clip by frame index.

    Raises:
        InputError: If entries are missing, of another shape or not finite, or the side is unknown.
    """
    todo = "see docs/cues.md"
    try:
        with np.load(path, allow_pickle=False) as content:
            data = {name: content[name] for name in content.files}
    except Exception as error:  # numpy raises several kinds for damaged archives
        raise InputError(f"'{path}' cannot be read ({error})", "an .npz archive", "write it again") from error
    if missing := [name for name in _REQUIRED if name not in data]:
        raise InputError(f"'{path}' lacks {', '.join(missing)}", ", ".join(_REQUIRED), todo)
    index = checked(f"frame_index in '{path}'", data["frame_index"], (None,), np.int64)
    n = len(index)
    if len(set(index.tolist())) != n or (n and index.min() < 0):
        raise InputError(f"frame_index in '{path}' is negative or repeats itself", "each frame once", todo)
    values = {
        name: checked(f"{name} in '{path}'", data[name], (n, *shape))
        for name, shape in _HAND_SHAPES.items()
        if name in data
    }
    sides = np.broadcast_to(data["side"], (n,)).tolist() if data["side"].shape in ((), (n,)) else ["?"]
    if not set(sides) <= {"right", "left"}:
        raise InputError(f"side in '{path}' is {data['side']!r}", "'right' or 'left', once or for each frame", todo)
    shape: FloatArray = np.asarray(data["shape"])
    shapes = checked(f"shape in '{path}'", np.tile(shape, (n, 1)) if shape.ndim == 1 else shape, (n, 10))
    scores = checked(f"score in '{path}'", data.get("score", np.ones(n)), (n,))
    return {
        frame: HandEstimate(
            side="right" if sides[i] == "right" else "left",
            score=float(np.clip(scores[i], 0, 1)),
            shape=shapes[i],
            model=str(data["model"]),
            **{"wrist_covariance": UNKNOWN_WRIST, **{name: value[i] for name, value in values.items()}},
        )
        for i, frame in enumerate(index.tolist())
    }


def write_hands(path: Path, hands: dict[int, HandEstimate]) -> None:
    """Writes the hands of a clip atomically.

    Raises:
        InputError: If they belong to different hand models.
    """
    models = sorted({hand.model for hand in hands.values()})
    if len(models) != 1:
        raise InputError(f"the hands belong to {len(models)} hand models", "one hand model", "write them apart")
    order = sorted(hands)
    each = [hands[frame] for frame in order]
    content = {name: np.stack([getattr(hand, name) for hand in each]) for name in (*_HAND_SHAPES, "shape")}
    with atomic_path(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(
            file,
            frame_index=np.array(order),
            side=np.array([hand.side for hand in each]),
            score=np.array([hand.score for hand in each]),
            model=np.array(models[0]),
            **content,
        )
