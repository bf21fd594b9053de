"""MOW, *Reconstructing Hand-Object Interactions in the Wild* (Cao et al., ICCV 2021): 512 single pictures.

Layout: `poses.json`, `images/ID.jpg`, `models/ID.obj`. A clip is one picture, named by its ID. The annotation has a
camera of arbitrary focal length and a scene of arbitrary size; here the scene is scaled about the camera so that the
hand has MANO's size, which leaves the picture as it is. Meshes are used mirrored in y, as the authors render them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.clip import Clip, HandTruth, read_image
from rhov_core.datasets.hand_motion import moved_hand
from rhov_core.datasets.layout import Layout
from rhov_core.datasets.rigid import nearest_rigid
from rhov_core.errors import InputError
from rhov_core.files import read_json
from rhov_core.hand import HandModel
from rhov_core.pose import make_transform

LAYOUT = Layout("MOW", "https://zhec.github.io/rhoi (mow.zip)", "poses.json, images/ and models/")
_KEYS = {"R": 9, "t": 3, "s": 1, "hand_R": 9, "hand_t": 3, "hand_s": 1, "hand_pose": 48, "trans": 3}


def clip_names(root: str | Path, split: str | None = None) -> list[str]:
    """IDs of the pictures whose image and mesh are there. MOW has no splits.

    Raises:
        InputError: If the folder is no MOW or a split was asked for.
    """
    if split is not None:
        raise InputError(f"the split is '{split}'", "none: MOW has no splits", "leave the split away")
    folder = LAYOUT.root(root)
    names = [n for n in _annotations(folder) if _image(folder, n).is_file() and _mesh(folder, n).is_file()]
    if not names:
        raise LAYOUT.error(f"no picture of poses.json has its image and its mesh in '{folder}'")
    return names


def load_clip(root: str | Path, name: str, mano: str | Path | None = None) -> Clip:
    """One picture.

    Args:
        root: The folder that holds poses.json, images/ and models/.
        name: The picture's ID.
        mano: MANO_RIGHT.pkl; without it the hand is not known, as MOW publishes parameters only.

    Raises:
        InputError: If something is missing or damaged.
    """
    folder = LAYOUT.root(root)
    published = _annotations(folder)[LAYOUT.clip(name, clip_names(folder))]
    a = _numbers(name, published)
    height, width = read_image(_image(folder, name), cv2.IMREAD_COLOR).shape[:2]
    side = max(width, height)
    # The authors pad the picture on the right and below to a square and see it with a focal length of its side.
    K = np.array([[side, 0, (side - 1) / 2], [0, side, (side - 1) / 2], [0, 0, 1]], np.float64)
    scale = float(a["s"][0] / a["hand_s"][0])
    raw = _raw_vertices(_mesh(folder, name))
    centre, size = raw.mean(0), 2 * scale / np.ptp(raw, axis=0).max()
    # Row vectors: the published rotations are those of columns, transposed.
    T = nearest_rigid(a["R"].reshape(3, 3).T, scale * a["t"], f"R of {name} in poses.json")
    return Clip(
        dataset="MOW",
        name=name,
        camera=Camera(K, width, height),
        images=(_image(folder, name),),
        stamp=np.zeros(1),
        mesh_path=_mesh(folder, name),
        object_name=str(published.get("obj_name", name)),
        T_camera_object=T[None],
        object_valid=np.ones(1, bool),
        hand=_hand(name, a, mano),
        place_vertices=lambda vertices: (vertices - centre) * size * np.array([1.0, -1.0, 1.0]),
        notes=("The scene is scaled so that the hand has MANO's size; the focal length is assumed.",),
    )


def _annotations(folder: Path) -> dict[str, dict[str, Any]]:
    content = read_json(LAYOUT.require(folder / "poses.json", "poses.json"))
    if not (isinstance(content, list) and all(isinstance(a, dict) and "image_id" in a for a in content)):
        raise LAYOUT.error(f"'{folder / 'poses.json'}' holds no list of annotations")
    return {str(a["image_id"]): a for a in content}


def _numbers(name: str, annotation: dict[str, Any]) -> dict[str, FloatArray]:
    try:
        numbers = {key: np.ravel(np.asarray(annotation[key], np.float64)) for key in _KEYS}
    except (KeyError, TypeError, ValueError) as error:
        raise LAYOUT.error(f"{name} in poses.json cannot be read ({error!r})") from error
    if wrong := [key for key, length in _KEYS.items() if len(numbers[key]) != length]:
        raise LAYOUT.error(f"{name} in poses.json has {len(numbers[wrong[0]])} numbers in {wrong[0]}")
    return numbers


def _image(folder: Path, name: str) -> Path:
    return folder / "images" / f"{name}.jpg"


def _mesh(folder: Path, name: str) -> Path:
    return folder / "models" / f"{name}.obj"


def _raw_vertices(path: Path) -> FloatArray:
    """All `v` lines (V, 3), also those that no face uses: the authors centre the mesh on their mean."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
    if not rows:
        raise LAYOUT.error(f"'{path}' has no vertices")
    return np.array(rows, np.float64)


def _hand(name: str, a: dict[str, FloatArray], mano: str | Path | None) -> HandTruth:
    if mano is None:
        return HandTruth.unknown(1)
    model = HandModel.load(mano)
    if model.prior_mean is None:
        raise InputError(f"the hand model '{mano}' has no mean pose", "MANO_RIGHT.pkl", "give that")
    pose = a["hand_pose"].copy()
    pose[3:] += model.prior_mean
    R = nearest_rigid(a["hand_R"].reshape(3, 3).T, np.zeros(3), f"hand_R of {name}")[:3, :3]
    moved, translation = moved_hand(
        pose[None], a["trans"][None], model.joint_template[0], make_transform(R, a["hand_t"])
    )
    joints = model.forward_numpy(moved, np.zeros(10), translation).joints
    yes = np.ones(1, bool)
    return HandTruth("right", joints, yes, moved, translation, yes)
