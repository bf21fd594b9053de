"""HO-3D, versions 2 and 3 (Hampali et al., *HOnnotate*, CVPR 2020): right hands and YCB objects, RGB-D.

Layout: `{train,evaluation}/SEQUENCE/{rgb,depth,meta}/0000.{png or jpg, png, pkl}`, in version 3 optionally `seg`, and
`models/OBJECT/textured_simple.obj` of YCB-Video beside them. A clip is "SPLIT/SEQUENCE". Annotations are in OpenGL's
camera frame (y up, z backward). In the evaluation split only the wrist of the hand is published.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.clip import Clip, HandTruth, read_image
from rhov_core.datasets.hand_motion import moved_hand
from rhov_core.datasets.layout import Layout
from rhov_core.hand.layout import KEYPOINT_SOURCE
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.records import read_pickle

LAYOUT = Layout(
    "HO-3D",
    "https://github.com/shreyashampali/ho3d (HO-3D_v2.zip or HO-3D_v3.zip, and the YCB-Video models)",
    "train/ or evaluation/ with SEQUENCE/{rgb,depth,meta}, and models/ of YCB-Video",
)
SPLITS = ("train", "evaluation")
FRAME_RATE = 30.0
DEPTH_SCALE = 0.00012498664727900177
"""[m] for one step of the depth images, which hold 16 bits in the red (low) and green (high) channels."""
_T_CAMERA_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def clip_names(root: str | Path, split: str | None = None) -> list[str]:
    """Names of the clips of a split, or of all that are there.

    Raises:
        InputError: If the folder is no HO-3D or the split is not there.
    """
    folder = LAYOUT.root(root)
    splits = [split] if split else [s for s in SPLITS if (folder / s).is_dir()]
    found = [p for s in splits for p in sorted((folder / s).glob("*")) if (p / "meta").is_dir()]
    if not found:
        raise LAYOUT.error(f"there is no sequence with meta/ in '{folder / (split or 'train')}'")
    return [f"{p.parent.name}/{p.name}" for p in found]


def load_clip(root: str | Path, name: str, mano: str | Path | None = None) -> Clip:
    """One sequence.

    Args:
        root: The folder that holds train/, evaluation/ and models/.
        name: "SPLIT/SEQUENCE".
        mano: Not needed: the joints are published.

    Raises:
        InputError: If something is missing or damaged.
    """
    folder = LAYOUT.root(root)
    sequence = folder / LAYOUT.clip(name, clip_names(folder))
    images = tuple(LAYOUT.choose(sequence / "rgb", "*.[jp][pn]g", "image"))
    annotations = [_annotation(sequence, image.stem) for image in images]
    known = np.array([a.get("objRot") is not None and a.get("objTrans") is not None for a in annotations])
    cameras = [a["camMat"] for a in annotations if a.get("camMat") is not None]
    objects = [str(a["objName"]) for a in annotations if a.get("objName") is not None]
    if not (known.any() and cameras and objects):
        raise LAYOUT.error(f"no frame of '{sequence}' is annotated")
    T = np.tile(np.eye(4), (len(images), 1, 1))
    for i in np.flatnonzero(known):
        R, t = np.ravel(annotations[i]["objRot"]), np.ravel(annotations[i]["objTrans"])
        T[i] = _T_CAMERA_OPENGL @ make_transform(exp_rotation(R), t)
    height, width = read_image(images[0], cv2.IMREAD_COLOR).shape[:2]
    segmented = (sequence / "seg").is_dir()
    return Clip(
        dataset="HO-3D",
        name=name,
        camera=Camera(np.asarray(cameras[0], np.float64), width, height),
        images=images,
        stamp=np.array([int(image.stem) for image in images]) / FRAME_RATE,
        mesh_path=LAYOUT.require(
            folder / "models" / objects[0] / "textured_simple.obj", f"the YCB-Video mesh of {objects[0]}"
        ),
        object_name=objects[0],
        T_camera_object=T,
        object_valid=known,
        hand=_hand(annotations),
        read_depth=lambda i: _depth(sequence / "depth" / f"{images[i].stem}.png"),
        read_object_mask=(lambda i: _mask(sequence, images[i].stem, (height, width), hand=False))
        if segmented
        else None,
        read_hand_mask=(lambda i: _mask(sequence, images[i].stem, (height, width), hand=True)) if segmented else None,
    )


def _annotation(sequence: Path, stem: str) -> dict[str, Any]:
    content = read_pickle(sequence / "meta" / f"{stem}.pkl", "an annotation of HO-3D", "download it again")
    if not isinstance(content, dict):
        raise LAYOUT.error(f"'{sequence / 'meta' / stem}.pkl' holds no annotation")
    return content


def _hand(annotations: list[dict[str, Any]]) -> HandTruth:
    n = len(annotations)
    joints, pose, translation = np.zeros((n, 21, 3)), np.zeros((n, 48)), np.zeros((n, 3))
    valid, pose_valid = np.zeros(n, bool), np.zeros(n, bool)
    shape = np.zeros(10)
    flip = np.diag(_T_CAMERA_OPENGL)[:3]
    for i, a in enumerate(annotations):
        published = np.asarray(a["handJoints3D"], np.float64) if a.get("handJoints3D") is not None else np.zeros(0)
        if published.shape != (21, 3):  # the evaluation split has the wrist only
            continue
        joints[i], valid[i] = (published * flip)[KEYPOINT_SOURCE], True
        if any(a.get(key) is None for key in ("handPose", "handTrans", "handBeta")):
            continue
        t = np.ravel(a["handTrans"])
        wrist_at_rest = published[0] - t  # so MANO itself is not needed
        moved = moved_hand(np.reshape(a["handPose"], (1, 48)), t[None], wrist_at_rest, _T_CAMERA_OPENGL)
        pose[i], translation[i] = moved[0][0], moved[1][0]
        if not pose_valid.any():
            shape = np.ravel(a["handBeta"])
        pose_valid[i] = True
    return HandTruth("right", joints, valid, pose, translation, pose_valid, shape)


def _depth(path: Path) -> FloatArray:
    channels = read_image(path, cv2.IMREAD_COLOR).astype(np.float64)
    return (channels[..., 2] + 256 * channels[..., 1]) * DEPTH_SCALE


def _mask(sequence: Path, stem: str, size: tuple[int, int], *, hand: bool) -> BoolArray:
    """The hand is drawn in blue, the object in another colour, on black; the images may be smaller than the photos."""
    path = next(iter(sorted((sequence / "seg").glob(f"{stem}.*"))), sequence / "seg" / f"{stem}.png")
    image = read_image(path, cv2.IMREAD_COLOR)
    image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_NEAREST)
    blue, other = image[..., 0] > 127, image[..., 1:].max(-1) > 127
    return blue & ~other if hand else other & ~blue
