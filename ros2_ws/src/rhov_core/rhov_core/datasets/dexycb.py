"""DexYCB (Chao et al., CVPR 2021): ten people who grasp YCB objects before eight RGB-D cameras.

Layout: `SUBJECT/SEQUENCE/{meta.yml,SERIAL/{color_000000.jpg,aligned_depth_to_color_000000.png,labels_000000.npz}}`,
`calibration/{intrinsics/SERIAL_640x480.yml,mano_.../mano.yml}`, `models/OBJECT/textured_simple.obj`. A clip is
"SUBJECT/SEQUENCE/SERIAL"; its object is the one that is grasped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.clip import Clip, HandTruth, read_image
from rhov_core.datasets.layout import Layout
from rhov_core.datasets.rigid import nearest_rigid
from rhov_core.errors import InputError
from rhov_core.hand import HandModel

LAYOUT = Layout(
    "DexYCB",
    "https://dex-ycb.github.io",
    "the ten subjects such as 20200709-weiy/, calibration/ and models/",
)
SUBJECTS: Final = (
    "20200709-weiy",
    "20200813-ceppner",
    "20200820-amousavian",
    "20200903-ynarang",
    "20200908-yux",
    "20200918-ftozetoramos",
    "20200928-ahanda",
    "20201002-dieterf",
    "20201015-ychao",
    "20201022-lmanuelli",
)
OBJECTS: Final = (
    "002_master_chef_can",
    "003_cracker_box",
    "004_sugar_box",
    "005_tomato_soup_can",
    "006_mustard_bottle",
    "007_tuna_fish_can",
    "008_pudding_box",
    "009_gelatin_box",
    "010_potted_meat_can",
    "011_banana",
    "019_pitcher_base",
    "021_bleach_cleanser",
    "024_bowl",
    "025_mug",
    "035_power_drill",
    "036_wood_block",
    "037_scissors",
    "040_large_marker",
    "051_large_clamp",
    "052_extra_large_clamp",
    "061_foam_brick",
)
"""Names of the objects 1 to 21."""
SPLITS: Final[dict[str, tuple[tuple[int, ...], str]]] = {
    "s0/train": (tuple(range(10)), "not fifth"),
    "s0/val": ((0, 1), "fifth"),
    "s0/test": (tuple(range(2, 10)), "fifth"),
    "s1/train": ((0, 1, 2, 3, 4, 5, 9), "all"),
    "s1/val": ((6,), "all"),
    "s1/test": ((7, 8), "all"),
}
"""Subjects of each split, and which of each subject's 100 sequences belong to it."""
FRAME_RATE: Final = 30.0
_SEQUENCES, _HAND_LABEL, _MILLIMETRE = 100, 255, 1e-3


def clip_names(root: str | Path, split: str | None = None) -> list[str]:
    """Names of the clips of a split such as "s0/test", or of all that are there.

    Raises:
        InputError: If there is no such split, or a subject of it was not downloaded completely.
    """
    folder = LAYOUT.root(root)
    if split is None:
        sequences = [s for subject in SUBJECTS for s in sorted((folder / subject).glob("*/"))]
    elif split in SPLITS:
        subjects, which = SPLITS[split]
        sequences = [s for i in subjects for s in _chosen(_all_sequences(folder / SUBJECTS[i]), which)]
    else:
        raise InputError(f"the split is '{split}'", "one of " + ", ".join(SPLITS), "choose one of these")
    cameras = sorted(p.stem.split("_")[0] for p in (folder / "calibration" / "intrinsics").glob("*_640x480.yml"))
    if not (sequences and cameras):
        raise LAYOUT.error(f"there are no sequences or no calibration/intrinsics in '{folder}'")
    return [f"{s.parent.name}/{s.name}/{camera}" for s in sequences for camera in cameras]


def _all_sequences(subject: Path) -> list[Path]:
    LAYOUT.require(subject, "a subject of the split")
    found = sorted(p for p in subject.iterdir() if p.is_dir())
    if len(found) != _SEQUENCES:  # a sequence's place among the 100 decides about its split
        raise LAYOUT.error(f"'{subject}' holds {len(found)} of {_SEQUENCES} sequences")
    return found


def _chosen(sequences: list[Path], which: str) -> list[Path]:
    return [s for i, s in enumerate(sequences) if which == "all" or (i % 5 == 4) == (which == "fifth")]


def load_clip(root: str | Path, name: str, mano: str | Path | None = None) -> Clip:
    """One sequence as one camera saw it.

    Args:
        root: The folder that holds the subjects, calibration/ and models/.
        name: "SUBJECT/SEQUENCE/SERIAL".
        mano: MANO_RIGHT.pkl. DexYCB's hand parameters are principal components of MANO's poses, so that without it
            only the joints are known.

    Raises:
        InputError: If something is missing or damaged.
    """
    folder = LAYOUT.root(root)
    frames = folder / LAYOUT.clip(name, clip_names(folder))
    meta = LAYOUT.yaml(frames.parent / "meta.yml")
    grasped = int(meta["ycb_grasp_ind"])
    label = int(meta["ycb_ids"][grasped])
    count = int(meta["num_frames"])
    images = tuple(LAYOUT.require(frames / f"color_{i:06d}.jpg", "an image") for i in range(count))
    labels = [LAYOUT.arrays(_labels(frames, i), ("pose_y", "pose_m", "joint_3d")) for i in range(count)]
    poses = np.stack([a["pose_y"][grasped] for a in labels]).astype(np.float64)
    known = np.abs(poses).sum((1, 2)) > 0
    T = np.tile(np.eye(4), (count, 1, 1))
    T[known] = nearest_rigid(poses[known, :, :3], poses[known, :, 3], f"pose_y of '{frames}'")
    segmentation = lambda i: LAYOUT.arrays(_labels(frames, i), ("seg",))["seg"]  # noqa: E731  used twice below
    return Clip(
        dataset="DexYCB",
        name=name,
        camera=_camera(folder, frames.name),
        images=images,
        stamp=np.arange(count) / FRAME_RATE,
        mesh_path=LAYOUT.require(folder / "models" / OBJECTS[label - 1] / "textured_simple.obj", "a mesh"),
        object_name=OBJECTS[label - 1],
        T_camera_object=T,
        object_valid=known,
        hand=_hand(folder, meta, labels, mano),
        read_depth=lambda i: _depth(frames / f"aligned_depth_to_color_{i:06d}.png"),
        read_object_mask=lambda i: segmentation(i) == label,
        read_hand_mask=lambda i: segmentation(i) == _HAND_LABEL,
    )


def _labels(frames: Path, index: int) -> Path:
    return frames / f"labels_{index:06d}.npz"


def _depth(path: Path) -> FloatArray:
    return read_image(path, cv2.IMREAD_UNCHANGED) * _MILLIMETRE


def _camera(folder: Path, serial: str) -> Camera:
    size = 640, 480
    content = LAYOUT.yaml(folder / "calibration" / "intrinsics" / f"{serial}_640x480.yml")
    try:
        fx, fy, cx, cy = (float(content["color"][key]) for key in ("fx", "fy", "ppx", "ppy"))
    except (KeyError, TypeError, ValueError) as error:
        raise LAYOUT.error(f"the intrinsics of camera {serial} cannot be read ({error!r})") from error
    return Camera(np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), *size)


def _hand(folder: Path, meta: Any, labels: list[dict[str, Any]], mano: str | Path | None) -> HandTruth:
    """The hand; frames without one have joints of -1 and parameters of 0."""
    side = str(meta["mano_sides"][0])
    joints = np.stack([a["joint_3d"][0] for a in labels]).astype(np.float64)
    valid = (joints != -1).any((1, 2))
    joints[~valid] = 0
    published = np.stack([a["pose_m"][0] for a in labels]).astype(np.float64)
    pose, translation, shape = np.zeros((len(labels), 48)), np.zeros((len(labels), 3)), np.zeros(10)
    pose_valid = np.zeros(len(labels), bool)
    if mano is not None and side == "right":  # the left hand's components belong to MANO's left model
        model = HandModel.load(mano)
        if model.prior_mean is None or model.prior_components is None:
            raise InputError(f"the hand model '{mano}' has no principal components", "MANO_RIGHT.pkl", "give that")
        pose_valid = (published != 0).any(1)
        pose[:, :3] = published[:, :3]
        pose[:, 3:] = model.prior_mean + published[:, 3:48] @ model.prior_components
        pose[~pose_valid] = 0
        translation = published[:, 48:]
        calibration = LAYOUT.yaml(folder / "calibration" / f"mano_{meta['mano_calib'][0]}" / "mano.yml")
        shape = np.asarray(calibration["betas"], np.float64)
    return HandTruth(side, joints, valid, pose, translation, pose_valid, shape)
